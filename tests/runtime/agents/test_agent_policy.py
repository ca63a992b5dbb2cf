"""What an agent may do, what it must ask for, and that a denied tool is never a success."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, ExitCode, SavantError
from savant.runtime.blobs import unpack
from savant.runtime.journal import Answer, Parked
from savant.schemas.agents import ToolPolicy
from tests.runtime.agents.running import Harness, Letters, action, call, calls

POST = call("letters.post", text="a")
ASKING = ToolPolicy(allow=["fs.*", "letters.count"], ask=["letters.post"])


def harness(tmp_path: Path, turns: list[Any], tools: ToolPolicy) -> tuple[Harness, Letters]:
    letters = Letters([])
    return Harness(tmp_path, turns, tools=tools, engines=[letters.engine()]), letters


async def failed(running: Harness, **options: Any) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await running.run(**options)
    return caught.value


@pytest.mark.parametrize(
    "tools", [ToolPolicy(allow=["fs.*"]), ToolPolicy(allow=["*"], deny=["letters.post"])], ids=["not named", "denied"]
)
async def test_an_agent_that_gives_up_after_a_denial_fails_with_exit_code_9(tmp_path: Path, tools: ToolPolicy) -> None:
    running, letters = harness(tmp_path, [POST, "I was not allowed to."], tools)
    error = await failed(running)
    assert (error.code, error.exit_code) == (ErrorCode.POLICY_DENIED, ExitCode.POLICY_DENIED)
    assert error.details == {"denied": ["letters.post"], "text": "I was not allowed to."}
    assert letters.posted == []
    assert "letters.post" not in [shown.name for shown in running.model.requests[0].tools]
    assert running.steps("tool")[0].error_code == "policy_denied", "a person sees it in the record"
    assert "denied" in running.heard()[-1]


async def test_another_way_after_a_denial_is_a_success(tmp_path: Path) -> None:
    running, _ = harness(tmp_path, [POST, call("fs.list"), "Listed."], ToolPolicy(allow=["fs.*"]))
    assert (await running.run())["text"] == "Listed."


@pytest.mark.parametrize(
    "turns",
    [
        [calls(POST, call("fs.list")), "Listed, not posted."],
        [POST, call("fs.read", path="missing"), "Neither."],
        [POST, call("fs.list"), POST, "Not posted."],
    ],
    ids=["in the same turn", "a failed call", "denied again"],
)
async def test_what_does_not_come_after_a_denial_or_fails_is_no_other_way(tmp_path: Path, turns: list[Any]) -> None:
    running, _ = harness(tmp_path, turns, ToolPolicy(allow=["fs.*"]))
    assert (await failed(running)).code is ErrorCode.POLICY_DENIED


async def test_a_rule_about_arguments_denies_those_only(tmp_path: Path) -> None:
    tools = ToolPolicy(allow=["letters.*"], deny=['letters.post(text="rm *")'])
    running, letters = harness(tmp_path, [call("letters.post", text="rm -rf"), POST, "Posted a."], tools)
    assert (await running.run())["text"] == "Posted a."
    assert letters.posted == ["a"]
    assert 'letters.post(text="rm *")' in running.heard(1)[-1]


async def test_nobody_to_ask_is_exit_code_8_and_nothing_happens(tmp_path: Path) -> None:
    running, letters = harness(tmp_path, [POST, "Posted."], ASKING)
    error = await failed(running, on_approval="fail")
    assert (error.code, error.exit_code) == (ErrorCode.APPROVAL_NEEDED, ExitCode.APPROVAL_NEEDED)
    assert letters.posted == []


async def test_deny_answers_every_question_with_no(tmp_path: Path) -> None:
    running, letters = harness(tmp_path, [POST, "Not posted."], ASKING)
    assert (await failed(running, on_approval="deny")).code is ErrorCode.POLICY_DENIED
    assert letters.posted == []


@pytest.mark.parametrize("on_approval", ["park", "ask"])
async def test_a_question_parks_the_run_and_the_answer_lets_it_go_on(tmp_path: Path, on_approval: Any) -> None:
    running, letters = harness(tmp_path, [POST, "Posted."], ASKING)
    for _ in range(2):  # unanswered, it parks again
        with pytest.raises(Parked) as caught:
            await running.run(on_approval=on_approval)
    assert (caught.value.kind, caught.value.path) == ("tool", "tester/agent/1/tools[0]/approval")
    assert caught.value.details == {
        "tool_name": "letters.post", "arguments": {"text": "a"}, "rule": "letters.post", "agent": "tester",
    }  # fmt: skip
    assert letters.posted == []
    decided = {"decisions": {caught.value.path: "approve"}}
    assert (await running.run(on_approval=on_approval, options=decided))["text"] == "Posted."
    assert letters.posted == ["a"]
    assert len(running.model.requests) == 2, "the model was not asked twice for the same"


async def test_a_refused_approval_is_told_to_the_model(tmp_path: Path) -> None:
    running, letters = harness(tmp_path, [POST, call("letters.count"), "Counted instead."], ASKING)
    with pytest.raises(Parked) as caught:
        await running.run(on_approval="park")
    decided = {"decisions": {caught.value.path: "deny"}}
    assert (await running.run(on_approval="park", options=decided))["text"] == "Counted instead."
    assert letters.posted == []
    assert "not approved" in running.heard(1)[-1]


@pytest.mark.parametrize("reason", ["Ask me on Monday.", None])
async def test_why_a_call_was_refused_is_told_to_the_model_and_kept(tmp_path: Path, reason: str | None) -> None:
    running, letters = harness(tmp_path, [POST, call("letters.count"), "Counted instead."], ASKING)
    with pytest.raises(Parked) as caught:
        await running.run(on_approval="park")
    decided = {"decisions": {caught.value.path: Answer("deny", reason)}}
    assert (await running.run(on_approval="park", options=decided))["text"] == "Counted instead."
    assert letters.posted == []
    told = running.heard(1)[-1]
    assert told == f"letters.post was not approved{f': {reason}' if reason else '.'}"
    approval = running.steps("approval")[-1]
    assert (await unpack(approval.output, running.store.read_blobs)).get("reason") == reason


async def test_in_a_run_where_nobody_is_asked_the_model_is_told_so(tmp_path: Path) -> None:
    running, _ = harness(tmp_path, [POST, call("letters.count"), "Counted instead."], ASKING)
    assert (await running.run(on_approval="deny"))["text"] == "Counted instead."
    assert "nobody is asked" in running.heard(1)[-1]


async def test_one_answer_answers_one_question(tmp_path: Path) -> None:
    again = call("letters.post", text="b")
    running, letters = harness(tmp_path, [POST, again, "Posted."], ASKING)
    with pytest.raises(Parked) as first:
        await running.run(on_approval="park")
    with pytest.raises(Parked) as second:
        await running.run(on_approval="park", options={"decisions": {first.value.path: Answer("approve", "Go on.")}})
    assert first.value.path != second.value.path
    assert letters.posted == ["a"]


async def test_all_questions_of_a_turn_come_before_its_first_call(tmp_path: Path) -> None:
    tools = ToolPolicy(allow=["letters.*"], ask=['letters.post(text="b")'])
    running, letters = harness(tmp_path, [calls(POST, call("letters.post", text="b")), "Posted."], tools)
    with pytest.raises(Parked):
        await running.run(on_approval="park")
    assert letters.posted == []


async def test_json_actions_are_judged_by_the_same_policy(tmp_path: Path) -> None:
    turns = [action("letters.post", arguments={"text": "a"}), action("final", text="I may not.")]
    running, letters = harness(tmp_path, turns, ToolPolicy(allow=["fs.*"]))
    running.bundle.agents["tester"].config.tool_mode = "json"
    assert (await failed(running)).code is ErrorCode.POLICY_DENIED
    assert letters.posted == []
