"""Delegated runs: rows of their own, over the steps of one journal, exact through resumes, forks and copies."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.programs import Bundle
from savant.schemas.replays import RunFork
from savant.schemas.runs import PartLimits, Run, RunConfig, RunCreate, RunList, RunResume
from savant.schemas.storage import Gc
from savant.schemas.workflows import WorkflowBudget, WorkflowDefinition

pytestmark = pytest.mark.carried_out

USED = "cost_usd: 0.25, usage: {input_tokens: 10, output_tokens: 5}"
SCRIPT = f"""
turns:
  - {{tools: [{{name: agents.run, arguments: {{agent: helper, goal: Help me.}}}}], when: {{goal: Lead.}}, {USED}}}
  - {{text: Led., when: {{goal: Lead.}}, {USED}}}
  - {{tools: [{{name: agents.run, arguments: {{agent: third, goal: Write.}}}}], when: {{goal: Help me.}}, {USED}}}
  - {{text: Helped., when: {{goal: Help me.}}, {USED}}}
  - {{tools: [{{name: fs.write, arguments: {{path: a.txt, text: A}}}}], when: {{goal: Write.}}, {USED}}}
  - {{text: Written., when: {{goal: Write.}}, {USED}}}
"""
HELPER = "lead/agent/1/tools[0]"
THIRD = f"{HELPER}/agent/1/tools[0]"


def lead(root: Path, *, asks: bool = False, **config: Any) -> RunCreate:
    """A run of three agents, each the delegate of the one before; the last one writes a file."""
    helper = config.pop("helper", {})
    (root / "script.yaml").write_text(SCRIPT)

    def agent(name: str, *delegates: str, **own: Any) -> AgentDefinition:
        config = AgentConfig(llm_model=f"scripted/{root}/script.yaml", **own)
        return AgentDefinition(name=name, config=config, delegates=list(delegates))

    agents = {"lead": agent("Lead", "helper"), "helper": agent("Helper", "third", **helper), "third": agent("Third")}
    agents["third"].tools = ToolPolicy(ask=["fs.*"]) if asks else ToolPolicy(allow=["fs.*"])
    given = RunConfig(root=str(root), **config)
    return RunCreate(type="agent", slug="lead", goal="Lead.", bundle=Bundle(agents=agents), config=given)


async def ended(client: Client, run: Run) -> Run:
    async for _ in client.runs.follow(run.id):
        pass
    return await client.runs.get(run.id)


async def family(client: Client, run: Run) -> tuple[Run, Run]:
    """The delegated runs of a run: the first, and the one that it delegated itself."""
    [helper] = (await client.runs.list(RunList(parent=run.id))).items
    [third] = (await client.runs.list(RunList(parent=helper.id))).items
    return helper, third


async def test_a_delegated_run_has_a_row_of_its_own(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root)))
    helper, third = await family(client, run)
    assert (run.status, run.cost_usd, run.steps_count) == ("completed", 1.5, 10)
    assert (helper.runnable_slug, helper.goal, helper.status) == ("helper", "Help me.", "completed")
    assert (helper.result["text"], helper.cost_usd, helper.input_tokens, helper.steps_count) == ("Helped.", 1.0, 40, 6)
    assert (third.result["text"], third.cost_usd, third.output_tokens, third.steps_count) == ("Written.", 0.5, 10, 3)
    assert (helper.journal_run_id, helper.journal_path) == (run.id, HELPER)
    assert (third.journal_run_id, third.journal_path, third.parent_run_id) == (run.id, THIRD, helper.id)
    assert (third.repository_commit, third.attempts) == (run.repository_commit, 1)
    assert third.version_id not in (None, helper.version_id, run.version_id)
    assert third.started_at and third.completed_at and third.duration_ms is not None


async def test_its_steps_and_events_are_those_of_the_journal(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root)))
    helper, third = await family(client, run)
    whole = await client.runs.steps(run.id)
    for part in (helper, third):
        inside = [step for step in whole if step.path.startswith(f"{part.journal_path}/agent/")]
        assert await client.runs.steps(part.id) == inside
        numbers = {step.step_number for step in inside}
        events = [trace for trace in await client.runs.traces(run.id) if trace.step_number in numbers]
        assert await client.runs.traces(part.id) == events
    assert [step.path for step in await client.runs.steps(third.id)][-1] == f"{THIRD}/agent/2/model"


async def test_it_is_followed_while_it_goes_and_afterwards(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root, asks=True, on_approval="park")))
    helper, _ = await family(client, run)
    parked = [event async for event in client.runs.follow(helper.id)]
    assert {event.run_id for event in parked} == {helper.id}
    assert [event.seq for event in parked] == [trace.seq for trace in await client.runs.traces(helper.id)]
    await ended(client, await client.runs.resume(run.id, RunResume(answer="approve")))
    rest = [event async for event in client.runs.follow(helper.id, parked[-1].seq or 0)]
    assert [event.seq for event in parked + rest] == [trace.seq for trace in await client.runs.traces(helper.id)]
    assert rest[-1].type == "step.completed"


async def test_it_stops_when_its_caller_is_told_to(client: Client, root: Path) -> None:
    create = lead(root)
    slow = SCRIPT.replace("{text: Written., when", "{text: Written., delay: 60, when")
    (root / "script.yaml").write_text(slow)
    run = await client.runs.start(create)
    following = asyncio.create_task(ended(client, run))
    async with asyncio.timeout(60):
        while not (root / "a.txt").exists() or len(await parts(client, run)) < 2:
            await asyncio.sleep(0.05)
    assert [(each.status, each.error_code) for each in await parts(client, run)] == [("running", None)] * 2
    await client.runs.stop(run.id)
    async with asyncio.timeout(20):
        assert (await following).status == "stopped"
    assert [(each.status, each.error_code) for each in await parts(client, run)] == [("stopped", "stopped")] * 2


async def parts(client: Client, run: Run) -> list[Run]:
    return [each for each in (await client.runs.list()).items if each.journal_run_id == run.id]


async def test_lists_have_them_or_not(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root)))
    assert [each.runnable_slug for each in (await client.runs.list()).items] == ["third", "helper", "lead"]
    assert [each.id for each in (await client.runs.list(RunList(whole=True))).items] == [run.id]


async def test_what_concerns_a_journal_is_done_to_the_whole(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root)))
    helper, _ = await family(client, run)
    for doing in (
        client.runs.resume(helper.id), client.runs.stop(helper.id), client.runs.delete(helper.id),
        client.runs.replay(helper.id), client.runs.export(helper.id), client.runs.fork(helper.id, RunFork(at="1")),
    ):  # fmt: skip
        with pytest.raises(SavantError, match=f"part of run {run.id}") as refused:
            await doing
        assert refused.value.code is ErrorCode.CONFLICT


async def test_it_waits_with_its_caller_and_goes_on_with_it(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root, asks=True, on_approval="park")))
    helper, third = await family(client, run)
    assert [each.status for each in (run, helper, third)] == ["waiting"] * 3
    assert third.error_code == run.error_code == "approval_needed"
    assert third.approval_id == run.approval_id
    run = await ended(client, await client.runs.resume(run.id, RunResume(answer="approve")))
    again, last = await family(client, run)
    assert (again.id, last.id) == (helper.id, third.id)
    assert [each.status for each in (run, again, last)] == ["completed"] * 3
    assert (last.error_code, last.attempts, last.cost_usd) == (None, 2, 0.5)
    assert (await client.runs.replay(run.id)).equal


async def test_it_ends_as_its_caller_does_and_says_why(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root, asks=True, on_approval="park")))
    await client.runs.stop(run.id)
    assert {(each.status, each.error_code) for each in (await client.runs.list()).items} == {("stopped", "stopped")}
    run = await ended(client, await client.runs.start(lead(root, budget_usd=0.6)))
    helper, third = await family(client, run)
    assert {each.error_code for each in (run, helper, third)} == {"budget"}
    assert {each.status for each in (run, helper, third)} == {"failed"}


async def test_a_fork_and_a_copy_have_them_too(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root)))
    last = max(step.step_number for step in await client.runs.steps(run.id))
    fork = await ended(client, await client.runs.fork(run.id, RunFork(at=str(last))))
    record = await client.runs.export(run.id)
    copy = await client.runs.keep(record, await client.runs.traces(run.id))
    assert (await client.runs.diff(run.id, copy.id)).empty
    for other in (fork, copy):
        for one, two in zip(await family(client, run), await family(client, other), strict=True):
            assert (one.journal_path, one.result, one.cost_usd) == (two.journal_path, two.result, two.cost_usd)
            assert two.journal_run_id == other.id
        assert (await client.runs.replay(other.id)).equal


async def test_it_goes_with_its_caller(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(lead(root)))
    await client.runs.delete(run.id)
    assert (await client.runs.list()).items == []
    run = await ended(client, await client.runs.start(lead(root)))
    report = await client.storage.gc(Gc(keep_seconds=0))
    assert report.runs == [run.id]
    assert (await client.runs.list()).items == []


async def test_the_limits_of_a_part_are_raised_on_resume(client: Client, root: Path) -> None:
    """A delegate's budget, and that of a workflow within another."""
    run = await ended(client, await client.runs.start(lead(root, helper={"budget_usd": 0.6})))
    assert (run.status, run.error_code) == ("failed", "budget")
    assert "savant runs resume ID --limit agent/helper.budget_usd=N" in (run.error_message or "")
    with pytest.raises(SavantError, match="no part `agent/nobody`"):
        await client.runs.resume(run.id, RunResume(limits={"agent/nobody": PartLimits(budget_usd=2)}))
    raised = RunResume(limits={"agent/helper": PartLimits(budget_usd=2)})
    run = await ended(client, await client.runs.resume(run.id, raised))
    assert (run.status, run.cost_usd) == ("completed", 1.5)
    assert (await client.runs.replay(run.id)).equal


async def test_the_budget_of_a_workflow_within_another_is_raised_too(client: Client, root: Path) -> None:
    create = lead(root)
    step = {"id": "a", "agent": "lead", "goal": "Lead."}
    inner = WorkflowDefinition(name="Inner", steps=[step], budget=WorkflowBudget(usd=0.6))
    outer = WorkflowDefinition(name="Outer", steps=[{"id": "in", "workflow": "inner"}])
    create.type, create.slug, create.goal = "workflow", "outer", None
    create.bundle.workflows.update(inner=inner, outer=outer)
    run = await ended(client, await client.runs.start(create))
    assert run.error_code == "budget"
    assert "--limit workflow/inner.budget_usd=N" in (run.error_message or "")
    raised = RunResume(limits={"workflow/inner": PartLimits(budget_usd=2)})
    run = await ended(client, await client.runs.resume(run.id, raised))
    assert (run.status, run.cost_usd) == ("completed", 1.5)
    assert {part.journal_path for part in (await client.runs.list(RunList(parent=run.id))).items} == {
        "outer/in/a/agent/1/tools[0]"
    }
    assert (await client.runs.replay(run.id)).equal
