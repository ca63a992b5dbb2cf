"""Runs as records: read from the tables in one piece, and written into them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import select

from savant.database import blobs
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run as Row
from savant.models.step import Step as StepRow
from savant.models.trace import Trace as TraceRow
from savant.runtime.blobs import canonical, digest
from savant.runtime.replay.worlds import tools_of
from savant.runtime.tools.base import Toolbox
from savant.schemas.programs import Program
from savant.schemas.records import Record, RecordedTool
from savant.schemas.runs import Run, RunConfig, RunStatus
from savant.schemas.steps import Step
from savant.schemas.traces import Trace
from savant.services import child_runs, outcomes, runs

_SHARED = (
    "goal", "inputs", "result", "error_message", "cost_usd", "input_tokens", "output_tokens",
    "started_at", "completed_at", "duration_ms",
)  # fmt: skip


async def load(work: Reading, id: int) -> Record:
    """The whole run; NOT_FOUND if it is not there, or if parts of it were removed to free space."""
    row = await runs.find(work, id, whole=True)
    steps = await _steps(work, id)
    program = await program_of(work, row)
    return Record(
        run_id=number(row),
        program=program,
        status=cast(RunStatus, row.status),
        goal=row.goal,
        inputs=row.inputs,
        config=msgspec.convert(row.config, RunConfig),
        result=row.result,
        error_code=row.error_code,
        error_message=row.error_message,
        steps=steps,
        tools=await _tools(work, program),
        blobs=await _blobs(work, steps),
        started_at=row.started_at,
        completed_at=row.completed_at,
        duration_ms=row.duration_ms,
        cost_usd=row.cost_usd,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
    )


def number(row: Row) -> int:
    """The number that the run's expressions see: its own, or that of the run it goes on from."""
    return row.config.get("number") or row.id


async def program_of(work: Reading, row: Row) -> Program:
    """What the run ran."""
    content = await blobs.reader(work)([row.program_hash or ""])
    if row.program_hash not in content:
        raise gone(row.id, "its definition")
    return msgspec.json.decode(content[row.program_hash], type=Program)


async def keep_tools(work: UnitOfWork, toolbox: Toolbox) -> str:
    """Store the tools as they are now; the hash that a program refers to them by."""
    raw = canonical(tools_of(toolbox.specs()))
    await blobs.keep(work, digest(raw), raw)
    return digest(raw)


async def keep_blobs(work: UnitOfWork, record: Record) -> None:
    """Have what the record's steps refer to stay, for another run; NOT_FOUND if it was removed since they were read."""
    if await blobs.touch(work, record.blobs) < len(record.blobs):
        raise gone(record.run_id, "what its steps refer to")


async def keep_steps(work: UnitOfWork, id: int, steps: Sequence[Step], versions: Mapping[str, int]) -> None:
    """Write the steps, as they are, into a run, and the runs that it delegated; `versions` is its program's."""
    for step in steps:
        values = msgspec.structs.asdict(step)
        values["step_type"] = values.pop("type")
        for name in ("input", "output"):
            if isinstance(values[name], msgspec.Raw):
                values[name] = msgspec.json.decode(values[name])
        work.session.add(StepRow(run_id=id, **values))
    await work.session.flush()
    await child_runs.keep(work, id, steps, versions)


async def keep(work: UnitOfWork, record: Record, traces: Sequence[Trace]) -> Run:
    """Write a whole record as a new run; what is in it under another hash than its own could pass for others' work."""
    if wrong := [key for key, value in record.blobs.items() if digest(value) != key]:
        raise SavantError(ErrorCode.VALIDATION, f"The record is broken: `{wrong[0]}` is not the hash of what it names.")
    program = msgspec.structs.replace(record.program, toolset=digest(tools := canonical(record.tools)))
    content = {**record.blobs, digest(tools): tools, digest(raw := canonical(program)): raw}
    for key, value in content.items():
        await blobs.keep(work, key, value)
    status = "stopped" if record.status in ("running", "pending", "waiting") else record.status
    row = Row(
        user_id=work.actor.user_id,
        runnable_type=program.type,
        runnable_slug=program.slug,
        status=status,
        error_code=outcomes.error_code(status, record.error_code),
        config=msgspec.to_builtins(msgspec.structs.replace(record.config, number=record.run_id)),
        program_hash=digest(raw),
        repository_commit=program.repository.commit if program.repository else None,
        **{name: getattr(record, name) for name in _SHARED},
    )
    work.session.add(row)
    await work.session.flush()
    await keep_steps(work, row.id, record.steps, {})  # its versions are numbers of another place
    await _keep_traces(work, row.id, traces)
    return await runs.get(work, row.id)


async def _keep_traces(work: UnitOfWork, id: int, traces: Sequence[Trace]) -> None:
    rows = await work.session.execute(select(StepRow.step_number, StepRow.id).where(StepRow.run_id == id))
    steps = {row.step_number: row.id for row in rows}
    for trace in traces:
        fields = msgspec.structs.asdict(trace)
        number = fields.pop("step_number")
        work.session.add(TraceRow(run_id=id, step_id=steps.get(number), **fields))


def gone(id: int, what: str) -> SavantError:
    return SavantError(
        ErrorCode.NOT_FOUND,
        f"Run {id} cannot be read in full: {what} is gone.",
        hint="It was removed to free space (`savant gc`); pin runs that are to be kept.",
    )


async def _steps(work: Reading, id: int) -> list[Step]:
    rows = await work.session.scalars(select(StepRow).where(StepRow.run_id == id).order_by(StepRow.step_number))
    return [_step(row) for row in rows]


def _step(row: StepRow) -> Step:
    fields = {name: getattr(row, name) for name in Step.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**fields, "type": row.step_type}, Step)


async def _tools(work: Reading, program: Program) -> list[RecordedTool]:
    if program.toolset is None:
        return []
    content = await blobs.reader(work)([program.toolset])
    return msgspec.json.decode(content.get(program.toolset, b"[]"), type=list[RecordedTool])


async def _blobs(work: Reading, steps: Iterable[Step]) -> dict[str, bytes]:
    """Everything the steps refer to, in few rounds: the beginnings of conversations are found in their ends."""
    read = blobs.reader(work)
    found: dict[str, bytes] = {}
    wanted = {key for step in steps for value in (step.input, step.output) for key in references(value)}
    while wanted:
        parents: set[str] = set()
        for batch in blobs.batches(sorted(wanted)):
            content = await read(batch)
            found.update(content)
            parents |= {parent for key in content if (parent := _parent(content[key]))}
        wanted = parents - found.keys()
    return found


def references(stored: Any) -> Iterator[str]:
    """The blobs that a stored value names."""
    if isinstance(stored, dict):
        for value in (stored, *stored.values()):
            if isinstance(value, dict) and value.keys() == {"$blob"}:
                yield value["$blob"]
            elif isinstance(value, dict) and value.keys() == {"$chain", "length"}:
                yield value["$chain"]


def _parent(content: bytes) -> str | None:
    """The message before this one, if the blob is a message."""
    if not content.startswith(b'{"message":'):
        return None
    value = msgspec.json.decode(content)
    return value["parent"] if value.keys() == {"message", "parent"} else None
