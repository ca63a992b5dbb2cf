"""An agent runs another: within its own budget, under its own rules, in the same journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal import Parked
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from tests.runtime.agents.running import MODEL, Harness, Letters, call, calls
from tests.runtime.agents.test_agent_resume import completed, fresh
from tests.runtime.journal.stores import KeepingStore

POST = call("letters.post", text="a")
USED = {"usage": {"input_tokens": 90, "output_tokens": 10}, "cost_usd": 0.25}


def ask(agent: str = "helper", goal: str = "Help me.") -> dict[str, Any]:
    return call("agents.run", agent=agent, goal=goal)


def of(goal: str, *turns: Any) -> list[Any]:
    """The turns of the agent with this goal."""
    return [{**(turn if isinstance(turn, dict) else {"text": turn}), "when": {"goal": goal}} for turn in turns]


def helper(**fields: Any) -> AgentDefinition:
    given: dict[str, Any] = {"tools": ToolPolicy(allow=["fs.*", "letters.*"]), "description": "Helps with letters."}
    config = AgentConfig(llm_model=MODEL, **fields.pop("config", {}))
    return AgentDefinition(name="Helper", config=config, **(given | fields))


def harness(
    root: Path, turns: list[Any], agents: dict[str, AgentDefinition] | None = None, **options: Any
) -> tuple[Harness, Letters]:
    letters = options.pop("letters", None) or Letters([])
    fields = {"tools": ToolPolicy(allow=["letters.count"]), "delegates": ["helper"], **options}
    running = Harness(root, turns, engines=[letters.engine()], **fields)
    running.bundle.agents.update(agents or {"helper": helper()})
    return running, letters


async def failed(running: Harness, **options: Any) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await running.run(**options)
    return caught.value


async def test_a_delegate_does_its_part_and_its_answer_comes_back(tmp_path: Path) -> None:
    running, letters = harness(tmp_path, [ask(), "Helped.", *of("Help me.", POST, "I posted it.")])
    assert await running.run() == {"text": "Helped.", "output": None, "steps": 2, "model": MODEL}
    assert letters.posted == ["a"]
    assert running.heard()[-1] == "I posted it."
    assert [(step.path, step.type, step.agent) for step in running.steps()] == [
        ("tester", "agent", "tester"),
        ("tester/agent/1/model", "model", "tester"),
        ("tester/agent/1/tools[0]", "agent", "helper"),
        ("tester/agent/1/tools[0]/agent/1/model", "model", "helper"),
        ("tester/agent/1/tools[0]/agent/1/tools[0]", "tool", "helper"),
        ("tester/agent/1/tools[0]/agent/2/model", "model", "helper"),
        ("tester/agent/2/model", "model", "tester"),
    ]


async def test_the_model_is_told_who_there_is_and_nobody_else_can_be_run(tmp_path: Path) -> None:
    agents = {"helper": helper(), "other": helper()}
    running, _ = harness(tmp_path, [ask("other"), "I may not."], agents)
    assert (await running.run())["text"] == "I may not."
    offered = next(tool for tool in running.model.requests[0].tools if tool.name == "agents.run")
    assert offered.input_schema["properties"]["agent"]["enum"] == ["helper"]
    assert "- helper: Helps with letters." in offered.description
    assert running.steps("tool")[0].error_code == "tool_bad_arguments"


async def test_an_agent_without_delegates_is_not_offered_any(tmp_path: Path) -> None:
    running, _ = harness(tmp_path, ["Hello."], delegates=[])
    await running.run()
    assert "agents.run" not in [tool.name for tool in running.model.requests[0].tools]


async def test_its_structured_answer_comes_back_as_such(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    turns = [ask(), "Helped.", *of("Help me.", {"json": {"ok": True}})]
    running, _ = harness(tmp_path, turns, {"helper": helper(output_schema=schema)})
    await running.run()
    assert running.heard()[-1] == '{"ok":true}'


@pytest.mark.parametrize(
    ("above", "posted", "code"),
    [
        (ToolPolicy(), ["a"], None),
        (ToolPolicy(deny=["letters.*"]), [], "policy_denied"),
        (ToolPolicy(deny=['letters.post(text="a*")']), [], "policy_denied"),
        (ToolPolicy(allow=["letters.post"], deny=['letters.post(text="b")']), ["a"], None),
    ],
    ids=["not named", "denied", "denied with these arguments", "denied with others"],
)
async def test_a_rule_of_the_caller_cannot_be_got_around(
    tmp_path: Path, above: ToolPolicy, posted: list[str], code: str | None
) -> None:
    turns = [ask(), call("fs.list"), "Done.", *of("Help me.", POST, "Answer.")]
    above.allow.append("fs.list")
    running, letters = harness(tmp_path, turns, tools=above)
    assert (await running.run())["text"] == "Done."
    assert letters.posted == posted
    delegated = next(step for step in running.steps("agent") if step.agent == "helper")
    assert delegated.error_code == code
    shown = [tool.name for tool in running.model.requests[1].tools]
    assert ("letters.post" in shown) == ("letters.*" not in above.deny)


async def test_a_delegate_that_was_denied_and_no_other_way_fails_the_caller_too(tmp_path: Path) -> None:
    turns = [ask(), "I could not.", *of("Help me.", POST, "Denied.")]
    running, _ = harness(tmp_path, turns, tools=ToolPolicy(deny=["letters.*"]))
    assert (await failed(running)).code is ErrorCode.POLICY_DENIED


async def test_what_the_caller_must_ask_for_its_delegate_must_ask_for_too(tmp_path: Path) -> None:
    turns = [ask(), "Helped.", *of("Help me.", POST, "I posted it.")]
    running, letters = harness(tmp_path, turns, tools=ToolPolicy(ask=["letters.post"]))
    with pytest.raises(Parked) as caught:
        await running.run(on_approval="park")
    assert caught.value.path == "tester/agent/1/tools[0]/agent/1/tools[0]/approval"
    assert caught.value.details["agent"] == "helper"
    decided = {"decisions": {caught.value.path: "approve"}}
    assert (await running.run(on_approval="park", options=decided))["text"] == "Helped."
    assert letters.posted == ["a"]


@pytest.mark.parametrize("rule", ["deny", "ask"])
async def test_running_a_delegate_is_itself_subject_to_the_policy(tmp_path: Path, rule: str) -> None:
    tools = ToolPolicy(allow=["letters.count"], **{rule: ['agents.run(agent="helper")']})
    turns = [ask(), call("letters.count"), "Counted.", *of("Help me.", "Helped.")]
    running, _ = harness(tmp_path, turns, tools=tools)
    if rule == "ask":
        with pytest.raises(Parked):
            await running.run(on_approval="park")
    else:
        await running.run()
        assert running.steps("tool")[0].error_code == "policy_denied"
    assert "helper" not in {step.agent for step in running.steps("model")}


async def test_nobody_runs_itself_through_another(tmp_path: Path) -> None:
    turns = [ask(), "Helped.", *of("Help me.", ask("tester"), "I cannot.")]
    agents = {"helper": helper(delegates=["tester", "third"]), "third": helper()}
    running, _ = harness(tmp_path, turns, agents)
    await running.run()
    offered = next(tool for tool in running.model.requests[1].tools if tool.name == "agents.run")
    assert offered.input_schema["properties"]["agent"]["enum"] == ["third"]
    assert [step.agent for step in running.steps("agent")] == ["tester", "helper"]


async def test_delegates_of_delegates_end_somewhere(tmp_path: Path) -> None:
    names = ["helper", "two", "three", "four", "five"]
    agents = {name: helper(delegates=names[n + 1 : n + 2]) for n, name in enumerate(names)}
    turns = [ask(goal="Goal 0."), "Done."]
    for n, name in enumerate(names[1:]):
        turns += of(f"Goal {n}.", ask(name, f"Goal {n + 1}."), "Done.")
    running, _ = harness(tmp_path, turns, agents)
    await running.run()
    assert [step.agent for step in running.steps("agent")] == ["tester", "helper", "two", "three"]
    assert running.steps("tool")[0].error_code == "tool_unknown"


@pytest.mark.parametrize(
    ("limit", "code"), [({"token_budget": 300}, ErrorCode.TOKEN_BUDGET), ({"budget_usd": 0.75}, ErrorCode.BUDGET)]
)
@pytest.mark.parametrize("where", ["run", "caller", "delegate"])
async def test_a_delegate_spends_its_callers_money(
    tmp_path: Path, limit: dict[str, Any], code: ErrorCode, where: str
) -> None:
    own = [{**turn, **USED} for turn in of("Help me.", *(call("fs.list", depth=n) for n in range(1, 6)), "Helped.")]
    turns = [{**ask(), **USED}, {"text": "Done.", **USED}, *own]
    config = limit if where == "delegate" else {}
    running, _ = harness(tmp_path, turns, {"helper": helper(config=config)}, config=limit if where == "caller" else {})
    error = await failed(running, **(limit if where == "run" else {}))
    assert error.code is code
    assert len(running.model.requests) == (4 if where == "delegate" else 3)


async def test_what_a_delegate_ends_with_is_told_to_its_caller_who_may_go_on(tmp_path: Path) -> None:
    looks = [call("fs.list", depth=n) for n in range(1, 4)]
    running, _ = harness(
        tmp_path, [ask(), "I do it myself.", *of("Help me.", *looks)], {"helper": helper(config={"max_steps": 2})}
    )
    assert (await running.run())["text"] == "I do it myself."
    assert "max_steps" in running.heard()[-1]
    assert running.model.requests[-1].messages[-1].is_error


async def test_a_model_out_of_reach_ends_the_run_and_a_resume_goes_on_inside_the_delegate(tmp_path: Path) -> None:
    away = {"error": "model_unreachable", "times": 1, "when": "posted a"}
    running, letters = harness(tmp_path, [away, ask(), "Helped.", *of("Help me.", POST, "I posted it.")])
    assert (await failed(running)).code is ErrorCode.MODEL_UNREACHABLE
    assert (await running.run())["text"] == "Helped."
    assert letters.posted == ["a"]


async def test_delegates_of_one_turn_that_only_read_run_at_once(tmp_path: Path) -> None:
    slow = [{"text": "Read.", "delay": 0.05}]
    turns = [calls(ask(goal="One."), ask(goal="Two.")), "Done.", *of("One.", *slow), *of("Two.", *slow)]
    for tools, together in ((ToolPolicy(allow=["fs.read"]), True), (ToolPolicy(allow=["fs.*"]), False)):
        running, _ = harness(tmp_path, turns, {"helper": helper(tools=tools)})
        await running.run()
        one, two = (step for step in running.steps("agent") if step.agent == "helper")
        assert (two.started_at < one.completed_at) == together


async def test_a_run_with_delegates_resumes_from_a_kill_at_any_write(tmp_path: Path) -> None:
    turns = [
        call("letters.count"),
        ask(),
        "Helped.",
        *of("Help me.", POST, call("letters.post", text="b"), "I posted both."),
    ]

    def again(folder: Path, store: Any, posted: list[str]) -> Harness:
        return harness(folder, turns, letters=Letters(posted), store=store)[0]

    whole, posted = KeepingStore(), list[str]()
    result = await again(fresh(tmp_path / "whole"), whole, posted).run()
    assert posted == ["a", "b"]
    for cut in range(len(whole.states)):
        left = whole.killed_after(cut)
        done = [step for step in completed(left).values() if step.tool_name == "letters.post"]
        letters = posted[: len(done)]
        resumed = await again(fresh(tmp_path / f"cut{cut}"), left, letters).run(options={"on_uncertain": "retry"})
        assert (resumed, letters) == (result, posted), f"cut after write {cut}"
