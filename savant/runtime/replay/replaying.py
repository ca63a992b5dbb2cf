"""A recorded run, run again: every effect is served from the record, and everything else is derived and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import canonical
from savant.runtime.execution import Execution
from savant.runtime.journal import Divergence
from savant.runtime.program import run_program
from savant.runtime.replay.attempts import Judged
from savant.runtime.replay.divergences import left_out, other_result, unreached
from savant.runtime.replay.journal import CUT, Fault, Rereading, Unfinished, not_seen, same_failure
from savant.runtime.replay.worlds import RecordedModels, RecordedToolbox, with_facts
from savant.schemas.programs import Program
from savant.schemas.records import Record


class Replayed(msgspec.Struct, kw_only=True):
    """What a replay came to: equal (no divergence), or parted from the record at one step.

    `record` is the run as it was derived again, up to where it parted.
    """

    record: Record
    divergence: Divergence | None = None

    @property
    def equal(self) -> bool:
        return self.divergence is None


async def replay(
    record: Record,
    program: Program | None = None,
    *,
    goal: str | None = None,
    inputs: dict[str, Any] | None = None,
    trusting: bool = False,
    judging: bool = True,
) -> Replayed:
    """Run the record's program, or another one, over its effects; no model, tool, key or network is needed.

    With `trusting`, inputs and outputs are derived again and not compared (see `redaction`). Where another program's
    limits, retries or policies say something else of a step than those of the record's own, it parts there, unless
    `judging` is False.
    """
    before: Judged | None = None
    if judging and program is not None and program.bundle != record.program.bundle:
        before = await _judged(record)
    program = with_facts(program or record.program, record)
    journal = Rereading(record, trusting=trusting, before=before)
    goal = record.goal if goal is None else goal
    inputs = record.inputs if inputs is None else inputs
    ending = await _ending(_execution(record, program, journal), goal, inputs)
    divergence = ending if isinstance(ending, Divergence) else None
    derived = _derived(record, program, goal, inputs, journal, ending)
    if divergence is None and not trusting:
        divergence = _compare(record, derived, journal, ending)
    return Replayed(record=derived, divergence=divergence)


async def _judged(record: Record) -> Judged:
    """What the record's own program has to say of its steps."""
    journal = Rereading(record)
    await _ending(_execution(record, with_facts(record.program, record), journal), record.goal, record.inputs)
    return journal.judged


def _execution(record: Record, program: Program, journal: Rereading) -> Execution:
    return Execution(
        program=program,
        journal=journal,
        models=RecordedModels(program),
        toolbox=RecordedToolbox(record.tools),
        config=record.config,
        root=Path(record.config.root) if record.config.root else None,
    )


async def _ending(execution: Execution, goal: str | None, inputs: dict[str, Any]) -> Any:
    """How the run ends: its result, or what it raises."""
    try:
        return msgspec.json.decode(canonical(await run_program(execution, goal, inputs)))
    except (SavantError, Unfinished, Fault) as ending:
        return ending


def _compare(record: Record, derived: Record, journal: Rereading, ending: Any) -> Divergence | None:
    """The whole of the run against the whole of the record."""
    missed = not_seen(record, journal.seen)
    cut = record.status not in ("completed", "failed") or record.error_code in CUT
    if isinstance(ending, Unfinished) and (not cut or (missed and journal.recorded(ending.path) is None)):
        return unreached(ending.path, ending.input, journal.recorded(ending.path))
    if missed:
        return left_out(missed[0])
    if cut:  # where it would have ended is not recorded
        return None
    now = (derived.status, derived.result, derived.error_code, derived.error_message)
    then = (record.status, record.result, record.error_code, record.error_message)
    return None if canonical(now) == canonical(then) else other_result(_told(record), _told(derived))


def _told(record: Record) -> dict[str, Any]:
    told = {"status": record.status, "error": record.error_message, "code": record.error_code, "result": record.result}
    return {name: value for name, value in told.items() if value is not None}


def _derived(
    record: Record, program: Program, goal: str | None, inputs: dict[str, Any], journal: Rereading, ending: Any
) -> Record:
    derived = msgspec.structs.replace(
        record, program=program, goal=goal, inputs=inputs, steps=journal.steps, blobs=journal.blobs, result=None
    )
    if record.status not in ("completed", "failed"):  # it was cut off, and where it would have ended is not known
        return derived
    match ending:
        case Unfinished():
            pass
        case Fault():
            _fail(derived, ErrorCode.UNEXPECTED.value, str(ending))
        case SavantError():
            same = same_failure(record.error_code, record.error_message, ending)
            if not same:
                _fail(derived, ending.code.value, str(ending))
        case _:
            derived.result = ending
            derived.status, derived.error_code, derived.error_message = "completed", None, None
    return derived


def _fail(record: Record, code: str, message: str) -> None:
    record.status, record.error_code, record.error_message = "failed", code, message
