"""Approvals: a parked run is a row that anybody may answer, and the same run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.client import Client, connect
from savant.client.remote import RemoteTransport
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.approvals import ApprovalAnswer, ApprovalList
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunConfig, RunCreate, RunResume
from savant.schemas.workflows import WorkflowDefinition
from savant.settings import Settings

pytestmark = pytest.mark.carried_out

SCRIPT = """
turns:
  - {tools: [{name: fs.write, arguments: {path: made.txt, text: hello}}]}
  - {when: It is Friday, text: Then not today.}
  - {when: not approved, tools: [{name: fs.read, arguments: {path: README.md}}]}
  - {when: A repository, text: I read it instead.}
  - Written.
"""


def asking_agent(root: Path, **config: Any) -> RunCreate:
    """An agent that must ask before it writes."""
    (root / "script.yaml").write_text(SCRIPT)
    agent = AgentDefinition(
        name="Helper",
        tools=ToolPolicy(allow=["fs.read"], ask=["fs.write"]),
        config=AgentConfig(llm_model=f"scripted/{root}/script.yaml"),
    )
    given = RunConfig(root=str(root), **{"on_approval": "park", **config})
    return RunCreate(type="agent", slug="helper", goal="Write.", bundle=Bundle(agents={"helper": agent}), config=given)


def asking_workflow(root: Path, *more: dict[str, Any], **step: Any) -> RunCreate:
    steps: list[dict[str, Any]] = [{"id": "ok", "approval": "Go on?", **step}, *more]
    definition = WorkflowDefinition(name="W", steps=steps, outputs={"ok": "${{ steps.ok }}"})
    config = RunConfig(root=str(root), on_approval="park")
    return RunCreate(type="workflow", slug="w", bundle=Bundle(workflows={"w": definition}), config=config)


async def carried_out(client: Client, run: Run) -> Run:
    async for _ in client.runs.follow(run.id):
        pass
    return await client.runs.get(run.id)


async def started(client: Client, create: RunCreate) -> Run:
    return await carried_out(client, await client.runs.start(create))


async def gone_on(client: Client, id: int) -> Run:
    """An answered run at its end, or its next question; a server goes on with it unasked."""
    there = isinstance(client._transport, RemoteTransport)  # pyright: ignore[reportPrivateUsage]
    return await (carried_out(client, await client.runs.get(id)) if there else resumed(client, id))


async def resumed(client: Client, id: int, options: RunResume | None = None) -> Run:
    return await carried_out(client, await client.runs.resume(id, options))


async def test_what_a_parked_run_asks_is_listed_and_shown(client: Client, root: Path) -> None:
    run = await started(client, asking_agent(root))
    assert (run.status, run.error_code) == ("waiting", "approval_needed")
    assert run.approval_id is not None
    [asked] = (await client.approvals.list()).items
    assert asked == await client.approvals.get(run.approval_id)
    assert (asked.run_id, asked.runnable_slug, asked.kind, asked.status) == (run.id, "helper", "tool", "pending")
    assert asked.details["arguments"] == {"path": "made.txt", "text": "hello"}
    assert "fs.write" in asked.question
    assert not (root / "made.txt").exists()


async def test_another_process_answers_and_the_same_run_goes_on(client: Client, settings: Settings, root: Path) -> None:
    waiting = await started(client, asking_agent(root))
    async with connect(settings) as later:
        approved = await later.approvals.approve(waiting.approval_id or 0)
        assert (approved.status, approved.decision) == ("approved", "approve")
        assert approved.answered_at is not None
        run = await gone_on(later, waiting.id)
    assert (run.id, run.status, run.attempts) == (waiting.id, "completed", 2)
    assert run.result["text"] == "Written."
    assert (root / "made.txt").read_text() == "hello"
    assert (await client.approvals.list()).items == []
    assert [each.status for each in (await client.approvals.list(ApprovalList(status=None))).items] == ["approved"]


async def test_the_model_is_told_why_it_was_denied(client: Client, root: Path) -> None:
    waiting = await started(client, asking_agent(root))
    denied = await client.approvals.deny(waiting.approval_id or 0, ApprovalAnswer(reason="It is Friday."))
    assert (denied.status, denied.reason) == ("denied", "It is Friday.")
    run = await gone_on(client, waiting.id)
    assert (run.status, run.error_code) == ("failed", "policy_denied")
    told = [str(step.input) for step in await client.runs.steps(run.id) if step.type == "model"]
    assert "It is Friday." in told[-1]
    assert not (root / "made.txt").exists()


async def test_a_question_is_answered_once(client: Client, root: Path) -> None:
    waiting = await started(client, asking_agent(root))
    await client.approvals.deny(waiting.approval_id or 0)
    with pytest.raises(SavantError, match="already denied") as twice:
        await client.approvals.approve(waiting.approval_id or 0)
    assert twice.value.code is ErrorCode.CONFLICT
    with pytest.raises(SavantError, match="no approval 99") as unknown:
        await client.approvals.get(99)
    assert unknown.value.code is ErrorCode.NOT_FOUND


async def test_no_answer_is_not_an_answer(client: Client, root: Path) -> None:
    waiting = await started(client, asking_workflow(root))
    with pytest.raises(SavantError, match="waits for an answer") as unanswered:
        await client.runs.resume(waiting.id)
    assert unanswered.value.details["approval_id"] == waiting.approval_id
    assert f"savant approvals approve {waiting.approval_id}" in (unanswered.value.hint or "")


async def test_a_workflow_goes_on_and_can_read_the_reason(client: Client, root: Path) -> None:
    waiting = await started(client, asking_workflow(root))
    await client.approvals.approve(waiting.approval_id or 0, ApprovalAnswer(reason="Fine by me."))
    run = await gone_on(client, waiting.id)
    assert run.result["outputs"]["ok"]["output"] == {"approved": True, "reason": "Fine by me."}


async def test_a_denied_step_fails_the_run_and_a_resume_asks_again(client: Client, root: Path) -> None:
    waiting = await started(client, asking_workflow(root))
    await client.approvals.deny(waiting.approval_id or 0, ApprovalAnswer(reason="Too early."))
    run = await gone_on(client, waiting.id)
    assert (run.status, run.error_code) == ("failed", "policy_denied")
    assert "Too early." in (run.error_message or "")
    again = await resumed(client, waiting.id)
    assert (again.status, again.approval_id) != ("waiting", waiting.approval_id)
    assert again.status == "waiting"
    done = await resumed(client, waiting.id, RunResume(answer="approve", reason="Now."))
    assert done.result["outputs"]["ok"]["output"] == {"approved": True, "reason": "Now."}


async def test_a_denied_step_is_readable_where_it_is_handled(client: Client, root: Path) -> None:
    waiting = await started(client, asking_workflow(root, on_error="continue"))
    await client.approvals.deny(waiting.approval_id or 0, ApprovalAnswer(reason="Too early."))
    run = await gone_on(client, waiting.id)
    assert run.status == "completed"
    assert run.result["outputs"]["ok"]["status"] == "failed"
    assert "Too early." in run.result["outputs"]["ok"]["error"]["message"]


async def test_several_questions_are_asked_one_after_another(client: Client, root: Path) -> None:
    run = await started(client, asking_workflow(root, {"id": "again", "approval": "Really?"}))
    first = run.approval_id
    await client.approvals.approve(first or 0)
    run = await gone_on(client, run.id)
    assert run.status == "waiting"
    assert [each.details["message"] for each in (await client.approvals.list()).items] == ["Really?"]
    await client.approvals.approve(run.approval_id or 0)
    assert (await gone_on(client, run.id)).status == "completed"


async def test_a_stopped_run_asks_nobody_until_it_is_resumed(client: Client, root: Path) -> None:
    run = await started(client, asking_workflow(root))
    await client.runs.stop(run.id)
    assert (await client.approvals.list()).items == []
    await client.approvals.approve(run.approval_id or 0)
    assert (await resumed(client, run.id)).status == "completed"


async def test_only_an_interrupted_write_can_be_done(client: Client, root: Path) -> None:
    run = await started(client, asking_workflow(root))
    with pytest.raises(SavantError, match="interrupted write"):
        await client.approvals.approve(run.approval_id or 0, ApprovalAnswer(done=True))


async def test_a_run_that_may_ask_nobody_fails_and_can_be_resumed_where_somebody_is(client: Client, root: Path) -> None:
    run = await started(client, asking_agent(root, on_approval="fail"))
    assert (run.status, run.error_code) == ("failed", "approval_needed")
    assert (await client.approvals.list(ApprovalList(status=None))).items == []
    assert (await resumed(client, run.id, RunResume(on_approval="park"))).status == "waiting"


async def test_a_run_that_denies_by_itself_tells_the_model_so(client: Client, root: Path) -> None:
    run = await started(client, asking_agent(root, on_approval="deny"))
    assert run.status == "completed", "the model found another way"
    assert (await client.approvals.list(ApprovalList(status=None))).items == []
    told = [str(step.input) for step in await client.runs.steps(run.id) if step.type == "model"]
    assert "nobody is asked" in told[-1]
    assert not (root / "made.txt").exists()


async def test_lists_are_paged_and_filtered(client: Client, root: Path) -> None:
    runs = [await started(client, asking_workflow(root)) for _ in range(3)]
    page = await client.approvals.list(ApprovalList(limit=2))
    rest = await client.approvals.list(ApprovalList(limit=2, cursor=page.next_cursor))
    assert [each.run_id for each in [*page.items, *rest.items]] == [run.id for run in reversed(runs)]
    own = await client.approvals.list(ApprovalList(run_id=runs[1].id))
    assert [each.run_id for each in own.items] == [runs[1].id]


async def test_every_definition_of_a_program_has_its_version(client: Client, root: Path) -> None:
    inner = WorkflowDefinition(name="Inner", steps=[{"id": "a", "set": {"x": 1}}])
    outer = WorkflowDefinition(name="Outer", steps=[{"id": "in", "workflow": "inner"}])
    bundle = Bundle(workflows={"outer": outer, "inner": inner})
    create = RunCreate(type="workflow", slug="outer", bundle=bundle)
    first = await client.runs.program((await started(client, create)).id)
    assert first.versions == {"workflow/outer": 1, "workflow/inner": 1}
    bundle.workflows["inner"] = WorkflowDefinition(name="Inner", steps=[{"id": "a", "set": {"x": 2}}])
    second = await client.runs.program((await started(client, create)).id)
    assert second.versions == {"workflow/outer": 1, "workflow/inner": 2}
