"""Recorded runs through the client: replayed, forked, retried."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.programs import Bundle
from savant.schemas.replays import Change, RunFork, RunReplay, RunRetry
from savant.schemas.runs import Run, RunConfig, RunCreate
from savant.schemas.workflows import WorkflowDefinition, WorkflowInput
from tests.contract.test_runs import carried_out

pytestmark = pytest.mark.carried_out

SCRIPT = """
turns:
  - {tools: [{name: fs.read, arguments: {path: README.md}}]}
  - {tools: [{name: fs.write, arguments: {path: seen.txt, text: "seen"}}]}
  - The repository has a README.
"""
STEPS: list[dict[str, Any]] = [
    {"id": "log", "tool": "git.log"},
    {
        "id": "look",
        "agent": "reader",
        "goal": "Look at ${{ steps.log.output.commits | length }} commits, ${{ inputs.who }}.",
    },
    {
        "id": "both",
        "parallel": [{"id": "a", "set": {"x": 1}}, {"id": "b", "tool": "fs.read", "with": {"path": "seen.txt"}}],
    },
    {"id": "count", "set": {"text": "${{ steps.look.output.text }}"}},
]


def script(root: Path, name: str = "script.yaml", text: str = SCRIPT) -> str:
    (root.parent / name).write_text(text)
    return f"scripted/{root.parent / name}"


def reader(root: Path, **more: Any) -> AgentDefinition:
    return AgentDefinition(
        name="Reader",
        slug="reader",
        tools=ToolPolicy(allow=["fs.*"]),
        config=AgentConfig(llm_model=script(root)),
        **{"driver_prompt": "Read with care.", **more},
    )


def review(root: Path, steps: list[dict[str, Any]] | None = None, **agent: Any) -> Bundle:
    definition = WorkflowDefinition(
        name="Review",
        slug="review",
        inputs={"who": WorkflowInput(type="string", default="Ada")},
        steps=steps or STEPS,
        outputs={} if steps else {"text": "${{ vars.text }}"},
    )
    return Bundle(workflows={"review": definition}, agents={"reader": reader(root, **agent)})


@pytest.fixture
async def run(client: Client, root: Path) -> AsyncIterator[Run]:
    create = RunCreate(type="workflow", slug="review", bundle=review(root), config=RunConfig(root=str(root)))
    run, _ = await carried_out(client, create)
    assert run.status == "completed", run.error_message
    yield run


async def forked(client: Client, id: int, at: str, **changes: str) -> Run:
    options = RunFork(at=at, changes=[Change(path=path, value=value) for path, value in changes.items()])
    fork = await client.runs.fork(id, options)
    async for _ in client.runs.follow(fork.id):
        pass
    return await client.runs.get(fork.id)


async def test_a_run_replays_equal_without_its_repository_and_its_model(client: Client, run: Run, root: Path) -> None:
    shutil.rmtree(root.parent / "repository")
    (root.parent / "script.yaml").unlink()
    replay = await client.runs.replay(run.id)
    assert replay.divergence is None
    assert (replay.equal, replay.status, replay.steps) == (True, "completed", run.steps_count)


async def test_a_changed_prompt_parts_at_the_first_call_it_reaches(client: Client, run: Run, root: Path) -> None:
    changed = Bundle(agents={"reader": reader(root, driver_prompt="Read with love.")})
    replay = await client.runs.replay(run.id, RunReplay(changed=changed))
    assert not replay.equal and replay.divergence is not None
    assert (replay.divergence.path, replay.divergence.what) == ("review/look/agent/1/model", "input")
    assert "-Read with care." in replay.divergence.difference
    assert "+Read with love." in replay.divergence.difference


async def test_a_definition_the_run_did_not_use_cannot_replace_one(client: Client, run: Run, root: Path) -> None:
    with pytest.raises(SavantError, match="did not use the agent `writer`"):
        await client.runs.replay(run.id, RunReplay(changed=Bundle(agents={"writer": reader(root)})))


async def test_a_failed_run_replays_to_its_failure(client: Client, root: Path) -> None:
    steps = [STEPS[0], {"id": "bad", "tool": "fs.read", "with": {"path": "none.txt"}}]
    create = RunCreate(type="workflow", slug="review", bundle=review(root, steps), config=RunConfig(root=str(root)))
    run, _ = await carried_out(client, create)
    assert run.status == "failed"
    replay = await client.runs.replay(run.id)
    assert (replay.equal, replay.status) == (True, "failed")


async def test_a_fork_at_every_step_ends_in_the_same_result(client: Client, run: Run, root: Path) -> None:
    before = await client.runs.steps(run.id)
    for step in before:
        fork = await forked(client, run.id, str(step.step_number))
        assert (fork.status, fork.result, fork.forked_from_id) == ("completed", run.result, run.id), step.path
        assert (await client.runs.replay(fork.id)).equal, step.path
    assert await client.runs.steps(run.id) == before
    assert (await client.runs.get(run.id)).updated_at == run.updated_at


async def test_a_fork_keeps_what_came_before_and_does_the_rest_anew(client: Client, run: Run, root: Path) -> None:
    (root / "seen.txt").write_text("changed since")
    fork = await forked(client, run.id, "review/both.b")
    steps = {step.path: step for step in await client.runs.steps(fork.id)}
    assert steps["review/both.b"].output["text"] == "changed since"
    old = {step.path: step for step in await client.runs.steps(run.id)}
    for path in ("review/log", "review/look", "review/look/agent/2/model", "review/both.a"):
        assert steps[path] == old[path]


async def test_a_fork_goes_on_with_another_model_and_prompt(client: Client, run: Run, root: Path) -> None:
    other = script(root, "other.yaml", SCRIPT.replace("has a README", "is small"))
    fork = await forked(
        client, run.id, "review/look", **{"agent.config.llm_model": other, "agents.reader.driver_prompt": "Go."}
    )
    assert fork.result == {"outputs": {"text": "The repository is small."}}
    steps = {step.path: step for step in await client.runs.steps(fork.id)}
    assert steps["review/look/agent/1/model"].input["messages"][0]["content"].startswith("Go.")
    assert (await client.runs.replay(fork.id)).equal


async def test_a_change_that_reaches_the_prefix_is_refused(client: Client, run: Run) -> None:
    with pytest.raises(SavantError, match=r"reaches step 2 \(review/look\), which is before step 6") as refused:
        await forked(client, run.id, "6", **{"inputs.who": "Bob"})
    assert refused.value.code == ErrorCode.DIVERGENCE
    assert "--at 2" in (refused.value.hint or "")
    assert "+goal: Look at 1 commits, Bob." in refused.value.details["difference"]
    fork = await forked(client, run.id, "2", **{"inputs.who": "Bob"})
    assert fork.status == "completed"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("agents.raeder.name", "x", "did not use the agent `raeder`"),
        ("agent.config.max_steps", "many", "cannot be 'many'"),
        ("agent.confg.max_steps", "3", "leads nowhere at `confg`"),
        ("inputs.whom", "x", "no input `whom`"),
        ("colour", "red", "nothing that can be set"),
        ("model", "nowhere/at-all", "nowhere"),
    ],
)
async def test_what_cannot_be_set_is_refused(client: Client, run: Run, path: str, value: str, problem: str) -> None:
    with pytest.raises(SavantError, match=problem):
        await forked(client, run.id, "2", **{path: value})
    with pytest.raises(SavantError, match="no step `99`"):
        await forked(client, run.id, "99")


async def test_a_retry_is_a_new_run_from_the_start(client: Client, run: Run) -> None:
    retry = await client.runs.retry(run.id)
    async for _ in client.runs.follow(retry.id):
        pass
    again = await client.runs.get(retry.id)
    assert (again.status, again.result, again.attempts) == ("completed", run.result, 1)
    assert again.id != run.id
    assert again.steps_count == run.steps_count


async def test_a_retry_from_what_failed_keeps_what_was_completed(client: Client, root: Path) -> None:
    steps = [STEPS[0], {"id": "read", "tool": "fs.read", "with": {"path": "notes.txt"}}]
    create = RunCreate(type="workflow", slug="review", bundle=review(root, steps), config=RunConfig(root=str(root)))
    failed, _ = await carried_out(client, create)
    (root / "notes.txt").write_text("now it is there")
    retry = await client.runs.retry(failed.id, RunRetry(from_failed=True))
    async for _ in client.runs.follow(retry.id):
        pass
    steps_of = {step.path: step for step in await client.runs.steps(retry.id)}
    assert steps_of["review/log"] == (await client.runs.steps(failed.id))[0]
    assert steps_of["review/read"].status == "completed"
    assert (await client.runs.get(failed.id)).status == "failed"
