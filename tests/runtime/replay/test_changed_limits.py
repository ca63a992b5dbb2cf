"""Changes that alter no input: a replay parts where a limit, a retry or a policy says something else of a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from savant.runtime.journal import Divergence
from savant.runtime.replay.redaction import Redactor, redacted, rederived
from savant.runtime.replay.replaying import replay
from savant.schemas.agents import ToolPolicy
from savant.schemas.programs import Bundle, Program
from savant.schemas.records import Record
from tests.runtime.agents.running import Harness, call
from tests.runtime.replay.recording import agent_record, workflow_record
from tests.runtime.replay.test_replaying import other
from tests.runtime.workflows.running import Runner


async def parted(record: Record, program: Program) -> Divergence:
    found = (await replay(record, program)).divergence
    assert found is not None, "it replays equal"
    assert found.exit_code == 6
    return found


SLEEP = "steps: [{id: a, tool: t.sleep, with: {seconds: 0.05, value: 1}TIME}, {id: b, tool: t.echo}]"
FLAKY = "steps: [{id: a, tool: t.flaky, with: {key: k, times: 2, value: 1}RETRY}, {id: b, tool: t.echo}]"
THREE, TWO, NINE = (f", retry: {{max_attempts: {n}, backoff: 0}}" for n in (3, 2, 9))
WORKFLOWS = {
    "less time than it took": (SLEEP, "", ", timeout: 0.02", "w/a", 1, "and now fails: Step w/a took 0.05"),
    "more time than it was given": (SLEEP, ", timeout: 0.02", ", timeout: 9", "w/a", 1, "and now goes on"),
    "fewer attempts than it took": (FLAKY, THREE, TWO, "w/a", 2, "now is given up after attempt 2"),
    "no attempts but one": (FLAKY, THREE, "", "w/a", 1, "now is given up after attempt 1"),
    "more attempts than failed": (FLAKY, TWO, THREE, "w/a", 2, "now is tried again"),
    "other failures are retried": (
        FLAKY, THREE, ", retry: {max_attempts: 3, backoff: 0, on: [timeout]}", "w/a", 1, "given up after attempt 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WORKFLOWS)
async def test_a_step_that_would_go_another_way_is_where_a_replay_parts(case: str) -> None:
    text, then, now, path, number, said = WORKFLOWS[case]
    texts = [text.replace("TIME", change).replace("RETRY", change) for change in (then, now)]
    record = await workflow_record(Runner(texts[0]))
    assert (await replay(record)).equal
    found = await parted(record, other(record.program, texts[1]))
    assert (found.details["path"], found.details["step_number"]) == (path, number)
    assert said in found.message


INERT = [
    (SLEEP, "", ", timeout: 9"),
    (SLEEP, ", timeout: 9", ""),
    (SLEEP, ", timeout: 0.02, on_error: continue", ", timeout: 0.01, on_error: continue"),
    (FLAKY, THREE, NINE),
    (FLAKY, TWO, TWO + ", timeout: 5"),
]


@pytest.mark.parametrize(("text", "then", "now"), INERT)
async def test_what_would_have_changed_nothing_is_equal(text: str, then: str, now: str) -> None:
    texts = [text.replace("TIME", change).replace("RETRY", change) for change in (then, now)]
    record = await workflow_record(Runner(texts[0]))
    assert (await replay(record, other(record.program, texts[1]))).equal


async def test_attempts_are_kept_where_secrets_are_taken_out() -> None:
    record = await workflow_record(Runner(FLAKY.replace("RETRY", THREE)))
    kept = await redacted(record, Redactor())
    assert [step.attempt for step in kept.steps] == [1, 2, 3, 1]
    assert (await replay(kept)).equal
    found = await parted(kept, other(record.program, FLAKY.replace("RETRY", TWO)))
    assert "given up after attempt 2" in found.message


READ, LIST = call("fs.read", path="notes.txt"), call("fs.list", path=".")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


def changed(record: Record, config: dict[str, Any] | None = None, **agent: Any) -> Program:
    tester = record.program.bundle.agents["tester"]
    config_now = msgspec.structs.replace(tester.config, **(config or {}))
    tester = msgspec.structs.replace(tester, config=config_now, **agent)
    return msgspec.structs.replace(record.program, bundle=Bundle(agents={"tester": tester}))


USAGE = {"usage": {"input_tokens": 80, "output_tokens": 20}}
TURNS = [{**READ, **USAGE}, {**LIST, **USAGE}, {"text": "Read.", **USAGE}]
AGENTS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "fewer turns": ({}, {"max_steps": 2}, "3/model", "and now fails: Agent `tester` has used its 2 model calls"),
    "fewer tokens": ({}, {"token_budget": 150}, "3/model", "and now fails: Agent `tester` has used 200 tokens"),
    "more turns": ({"max_steps": 2}, {"max_steps": 3}, "3/model", "is not in the record"),
    "more tokens": ({"token_budget": 150}, {"token_budget": 500}, "3/model", "is not in the record"),
}


@pytest.mark.parametrize("case", AGENTS)
async def test_an_agent_with_other_limits_parts_at_the_call_they_reach(root: Path, case: str) -> None:
    then, now, place, said = AGENTS[case]
    record = await agent_record(Harness(root, TURNS, config=then))
    assert (await replay(record)).equal
    found = await parted(record, changed(record, now))
    assert found.details["path"] == f"tester/agent/{place}"
    assert said in found.message


async def test_an_agent_with_limits_that_are_not_reached_is_equal(root: Path) -> None:
    record = await agent_record(Harness(root, TURNS))
    assert (await replay(record, changed(record, {"max_steps": 3, "token_budget": 201, "timeout": 60.0}))).equal
    assert (await replay(record, changed(record, description="Reads.", tags=["new"]))).equal


async def test_money_is_held_against_what_the_calls_did_cost(root: Path) -> None:
    record = await agent_record(Harness(root, TURNS))
    for step in record.steps:
        step.cost_usd = 0.01 if step.type == "model" else None
    assert (await replay(record, changed(record, {"budget_usd": 0.031}))).equal
    found = await parted(record, changed(record, {"budget_usd": 0.025}))
    assert found.details["path"] == "tester/agent/3/model"
    assert "has $0.0050 left of its $0.025" in found.message


async def test_less_time_for_an_agent_than_it_took(root: Path) -> None:
    record = await agent_record(Harness(root, [{**READ, "delay": 0.05}, "Read."]))
    found = await parted(record, changed(record, {"timeout": 0.02}))
    assert found.details["path"] == "tester"
    assert "longer than 0.02 s" in found.message


async def test_a_call_that_the_policy_now_denies_or_allows(root: Path) -> None:
    record = await agent_record(Harness(root, TURNS))
    deny = ToolPolicy(allow=["*"], deny=['fs.read(path="notes*")'])
    found = await parted(record, changed(record, tools=deny))
    assert found.details["path"] == "tester/agent/1/tools[0]"
    assert "was recorded as completed, and now fails: fs.read is denied" in found.message
    record = await agent_record(Harness(root, TURNS, tools=deny))
    found = await parted(record, changed(record, tools=ToolPolicy(allow=["*"])))
    assert found.details["path"] == "tester/agent/1/tools[0]"
    assert "and now goes on" in found.message


async def test_a_change_that_ends_the_run_earlier_is_not_taken_for_an_update(root: Path) -> None:
    record = await agent_record(Harness(root, TURNS))
    with pytest.raises(Exception, match=r"takes another course now .*2 model calls"):
        await rederived(record, changed(record, {"max_steps": 2}))
    assert (await rederived(record, changed(record, {"max_steps": 3}))).program.bundle.agents["tester"]
