"""Records of runs that tests make."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.errors import SavantError
from savant.runtime.journal import Parked
from savant.runtime.replay.worlds import tools_of
from savant.schemas.records import Record
from tests.runtime.agents.running import Harness
from tests.runtime.workflows.running import Cut, CuttingStore, Runner


async def workflow_record(runner: Runner, inputs: dict[str, Any] | None = None) -> Record:
    """Run it, whatever comes of it, and give its record."""
    record = Record(
        run_id=7, program=runner.program, status="running", inputs=inputs or {}, config=runner.config,
        tools=tools_of(_tools(runner)),
    )  # fmt: skip
    await _end(record, runner.run(inputs), lambda result: {"outputs": result})
    return _with_steps(record, runner.store)


def _tools(runner: Runner) -> Any:
    from tests.runtime.workflows.running import Tools

    return Tools(runner.world).specs()


async def agent_record(harness: Harness, goal: str = "Do it.", **config: Any) -> Record:
    from savant.schemas.runs import RunConfig

    record = Record(
        run_id=0, program=harness.program, status="running", goal=goal, config=RunConfig(**config),
        tools=tools_of(harness.toolbox.specs()),
    )  # fmt: skip
    await _end(record, harness.run(goal, **config), lambda result: result)
    return _with_steps(record, harness.store)


async def _end(record: Record, running: Any, shape: Any) -> None:
    try:
        record.result = shape(msgspec.to_builtins(await running))
        record.status = "completed"
    except Parked:
        record.status = "waiting"
    except Cut:
        pass
    except SavantError as error:
        record.status, record.error_code, record.error_message = "failed", error.code.value, str(error)
    except RuntimeError as error:
        record.status, record.error_code, record.error_message = "failed", "unexpected", f"RuntimeError: {error}"


def _with_steps(record: Record, store: Any) -> Record:
    if isinstance(store, CuttingStore):
        store.keep = None
    record.steps = [store.steps[number] for number in sorted(store.steps)]
    record.blobs = dict(store.blobs)
    return record
