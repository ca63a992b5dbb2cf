"""However a run goes, its row says how it ended: with a code of the one enum if it did not succeed, else without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunConfig, RunCreate, RunList, RunResume
from savant.schemas.workflows import WorkflowDefinition
from tests.runtime.workflows.programs import CHILD, asking_workflows

pytestmark = pytest.mark.local("A server goes on by itself; what it writes is written by the same code.")
UNSUCCESSFUL = ("failed", "stopped", "waiting")
MISSING = {"path": "not-there.txt"}
STEPS = st.lists(st.sampled_from(["approve", "deny", "stop", "resume"]), max_size=6)


def real(steps: Any) -> Any:
    """The same steps with tools that there are: one that reads, one that writes, and one that fails."""
    if isinstance(steps, list):
        return [real(each) for each in steps]
    if not isinstance(steps, dict):
        return steps
    changed = {name: real(value) for name, value in steps.items()}
    match steps.get("tool"):
        case "t.echo":
            return changed | {"tool": "fs.list", "with": {}}
        case "t.add":
            return changed | {"tool": "fs.write", "with": {"path": "made.txt", "text": "made"}}
        case "t.flaky" | "t.boom":
            return changed | {"tool": "fs.read", "with": MISSING}
        case _:
            return changed


def definition(text: str) -> WorkflowDefinition:
    given = yaml.safe_load(text)
    return msgspec.convert({"name": "W", **given, "steps": real(given["steps"])}, WorkflowDefinition)


def consistent(run: Run) -> None:
    assert (run.status in UNSUCCESSFUL) == (run.error_code is not None), (run.status, run.error_code)
    assert run.error_code is None or run.error_code in ErrorCode.__members__.values()
    assert (run.status == "waiting") == (run.error_code in ("approval_needed", "uncertain_step"))
    assert (run.status == "stopped") == (run.error_code == "stopped")


async def carried_out(client: Client, run: Run) -> Run:
    async for _ in client.runs.follow(run.id):
        pass
    return await client.runs.get(run.id)


async def settled(client: Client, run: Run) -> None:
    """Its row, its steps and the last event agree."""
    consistent(run)
    last = (await client.runs.traces(run.id))[-1]
    assert (last.event_type, last.payload["error_code"]) == (f"run.{run.status}", run.error_code)
    if run.status in ("completed", "failed"):
        assert "running" not in {step.status for step in await client.runs.steps(run.id)}
    if run.status == "completed":
        assert (await client.runs.replay(run.id)).equal


async def resumed(client: Client, run: Run, answer: Any) -> Run:
    try:
        again = await client.runs.resume(run.id, RunResume(answer=answer))
    except SavantError as error:
        assert error.code is ErrorCode.APPROVAL_NEEDED
        return await client.runs.get(run.id)
    consistent(again)
    return await carried_out(client, again)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(text=asking_workflows, doing=STEPS)
async def test_any_run_ends_with_a_code_or_succeeds_without(
    client: Client, root: Path, text: str, doing: list[str]
) -> None:
    child = definition(CHILD)
    bundle = Bundle(workflows={"w": definition(text), "child": child})
    config = RunConfig(root=str(root), on_approval="park")
    run = await carried_out(
        client, await client.runs.start(RunCreate(type="workflow", slug="w", bundle=bundle, config=config))
    )
    for act in doing:
        await settled(client, run)
        if run.status == "completed":
            break
        if act == "stop" and run.status == "waiting":
            run = await client.runs.stop(run.id)
        else:
            run = await resumed(client, run, act if act in ("approve", "deny") else None)
    await settled(client, run)
    for each in (await client.runs.list(RunList(limit=100))).items:
        consistent(each)
