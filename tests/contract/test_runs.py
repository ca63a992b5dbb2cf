"""Runs through the client: started, followed, looked at, stopped, resumed, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.programs import Bundle
from savant.schemas.runs import Event, Run, RunConfig, RunCreate, RunList
from savant.schemas.workflows import WorkflowDefinition, WorkflowInput
from savant.services import executions
from savant.services.app import App
from savant.settings import Settings

pytestmark = pytest.mark.carried_out

STEPS = [
    {"id": "log", "tool": "git.log"},
    {"id": "count", "set": {"commits": "${{ steps.log.output.commits | length }}"}},
]


def a_run(root: Path, steps: list[dict[str, object]] | None = None, **more: object) -> RunCreate:
    definition = WorkflowDefinition(name="W", steps=steps or STEPS, outputs={"commits": "${{ vars.commits }}"})
    return RunCreate(
        type="workflow", slug="w", bundle=Bundle(workflows={"w": definition}), config=RunConfig(root=str(root)), **more
    )


async def carried_out(client: Client, create: RunCreate) -> tuple[Run, list[Event]]:
    run = await client.runs.start(create)
    events = [event async for event in client.runs.follow(run.id)]
    return await client.runs.get(run.id), events


async def test_a_workflow_runs_and_every_step_is_recorded(client: Client, root: Path) -> None:
    run, events = await carried_out(client, a_run(root))
    assert (run.status, run.result, run.error_code) == ("completed", {"outputs": {"commits": 1}}, None)
    assert run.steps_count == 2
    assert run.repository_commit
    assert run.started_at and run.completed_at and run.duration_ms is not None

    steps = await client.runs.steps(run.id)
    assert [(step.path, step.type, step.status, step.tool_name) for step in steps] == [
        ("w/log", "tool", "completed", "git.log"),
        ("w/count", "set", "completed", None),
    ]
    assert steps[0].output["commits"][0]["subject"] == "Begin"

    traces = await client.runs.traces(run.id)
    assert [trace.seq for trace in traces] == list(range(1, len(traces) + 1))
    assert traces[0].event_type == "run.started"
    assert traces[-1].event_type == "run.completed"
    assert [event.seq for event in events if event.seq] == [trace.seq for trace in traces]


async def test_a_failing_run_says_why(client: Client, root: Path) -> None:
    run, events = await carried_out(client, a_run(root, [*STEPS, {"id": "stop", "fail": "Only ${{ vars.commits }}"}]))
    assert (run.status, run.error_code, run.error_message) == ("failed", "failed_by_step", "Only 1")
    assert run.result is None
    assert events[-1].type == "run.failed"


async def test_what_cannot_run_is_refused_before_there_is_a_run(client: Client, root: Path) -> None:
    with pytest.raises(SavantError, match=r"git\.lgo") as unknown:
        await client.runs.start(a_run(root, [{"id": "log", "tool": "git.lgo"}]))
    assert unknown.value.code == ErrorCode.TOOL_UNKNOWN
    with pytest.raises(SavantError, match="no workflow `w`"):
        await client.runs.start(RunCreate(type="workflow", slug="w"))
    assert (await client.runs.list()).items == []


async def test_an_idempotency_key_starts_one_run(client: Client, root: Path) -> None:
    first, _ = await carried_out(client, a_run(root, idempotency_key="k"))
    again = await client.runs.start(a_run(root, idempotency_key="k"))
    assert again.id == first.id
    assert len((await client.runs.list()).items) == 1


async def test_runs_are_listed_newest_first_and_filtered(client: Client, root: Path) -> None:
    good, _ = await carried_out(client, a_run(root))
    bad, _ = await carried_out(client, a_run(root, [*STEPS, {"id": "stop", "fail": "no"}]))
    assert [run.id for run in (await client.runs.list()).items] == [bad.id, good.id]
    assert [run.id for run in (await client.runs.list(RunList(status="failed"))).items] == [bad.id]
    page = await client.runs.list(RunList(limit=1))
    rest = await client.runs.list(RunList(limit=1, cursor=page.next_cursor))
    assert [run.id for run in rest.items] == [good.id]
    oldest = await client.runs.list(RunList(sort="created_at", limit=1))
    newer = await client.runs.list(RunList(sort="created_at", limit=1, cursor=oldest.next_cursor))
    assert [run.id for run in (*oldest.items, *newer.items)] == [good.id, bad.id]


async def test_a_failed_run_resumes_where_it_failed(client: Client, root: Path) -> None:
    steps: list[dict[str, object]] = [*STEPS, {"id": "read", "tool": "fs.read", "with": {"path": "notes.txt"}}]
    run, _ = await carried_out(client, a_run(root, steps))
    assert (run.status, run.error_code) == ("failed", "tool_failed")
    (root / "notes.txt").write_text("now it is there")

    await client.runs.resume(run.id)
    async for _ in client.runs.follow(run.id):
        pass
    resumed = await client.runs.get(run.id)
    assert (resumed.status, resumed.attempts) == ("completed", 2)
    paths = [(step.path, step.attempt, step.status) for step in await client.runs.steps(run.id)]
    assert paths == [
        ("w/log", 1, "completed"),
        ("w/count", 1, "completed"),
        ("w/read", 1, "failed"),
        ("w/read", 2, "completed"),
    ]


async def test_a_completed_run_is_not_resumed(client: Client, root: Path) -> None:
    run, _ = await carried_out(client, a_run(root))
    with pytest.raises(SavantError, match="nothing to resume"):
        await client.runs.resume(run.id)


async def test_a_running_run_stops_when_told(client: Client, root: Path) -> None:
    status: dict[str, object] = {"id": "status", "tool": "git.status"}
    steps: list[dict[str, object]] = [*STEPS, {"id": "a", "foreach": list(range(2000)), "steps": [status]}]
    run = await client.runs.start(a_run(root, steps))
    events: list[str] = []
    async for event in client.runs.follow(run.id):
        if event.type == "step.completed" and "step.completed" not in events:
            await client.runs.stop(run.id)
        events.append(event.type)
    stopped = await client.runs.get(run.id)
    assert (stopped.status, stopped.error_code) == ("stopped", "stopped")
    assert events[-1] == "run.stopped"
    with pytest.raises(SavantError, match="already stopped"):
        await client.runs.stop(run.id)


@pytest.mark.local("a worker may begin it before it is stopped")
async def test_a_run_stopped_before_it_began_never_begins(client: Client, settings: Settings, root: Path) -> None:
    app = await App.open(settings)
    run = await executions.prepare(app, a_run(root))
    await client.runs.stop(run.id)
    await executions.execute(app, run.id)
    await app.aclose()
    assert [event.type async for event in client.runs.follow(run.id)] == ["run.stopped"]
    assert (await client.runs.get(run.id)).status == "stopped"
    assert await client.runs.steps(run.id) == []


async def test_inputs_are_checked_and_converted(client: Client, root: Path) -> None:
    definition = WorkflowDefinition(
        name="W",
        inputs={"n": WorkflowInput(type="integer")},
        steps=[{"id": "a", "set": {"twice": "${{ inputs.n * 2 }}"}}],
        outputs={"twice": "${{ vars.twice }}"},
    )
    create = RunCreate(type="workflow", slug="w", bundle=Bundle(workflows={"w": definition}), inputs={"n": "21"})
    run, _ = await carried_out(client, create)
    assert run.result == {"outputs": {"twice": 42}}
    with pytest.raises(SavantError, match="`n`"):
        await client.runs.start(RunCreate(type="workflow", slug="w", bundle=create.bundle))


async def test_a_deleted_run_is_gone_with_its_steps(client: Client, root: Path) -> None:
    run, _ = await carried_out(client, a_run(root))
    await client.runs.delete(run.id)
    with pytest.raises(SavantError, match=f"no run {run.id}"):
        await client.runs.steps(run.id)
