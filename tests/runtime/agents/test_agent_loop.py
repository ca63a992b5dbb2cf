"""An agent asks, calls, is told, and answers; and what is not an answer is never taken for one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.engine import engine_of, tool
from savant.schemas.agents import ToolPolicy
from tests.runtime.agents.running import MODEL, Harness, Letters, call, calls


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").write_text("remember the milk\n")
    return tmp_path


async def failed(harness: Harness, **options: Any) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await harness.run(**options)
    return caught.value


async def test_an_agent_reads_a_real_file_and_answers(root: Path) -> None:
    harness = Harness(root, [call("fs.read", path="notes.txt"), "Buy milk."])
    result = await harness.run("What must I remember?")
    assert result == {"text": "Buy milk.", "output": None, "steps": 2, "model": MODEL}
    assert "remember the milk" in harness.heard()[-1]
    assert [(step.path, step.type, step.status) for step in harness.steps()] == [
        ("tester", "agent", "completed"),
        ("tester/agent/1/model", "model", "completed"),
        ("tester/agent/1/tools[0]", "tool", "completed"),
        ("tester/agent/2/model", "model", "completed"),
    ]
    assert harness.steps("tool")[0].tool_name == "fs.read"
    assert {step.agent for step in harness.steps()} == {"tester"}


async def test_text_is_streamed_and_not_stored(root: Path) -> None:
    harness = Harness(root, ["one\ntwo\n"])
    await harness.run()
    deltas = [event for event in harness.events if event.type == "text.delta"]
    assert "".join(event.payload["text"] for event in deltas) == "one\ntwo\n"
    assert all(event.seq is None and event.payload["agent"] == "tester" for event in deltas)
    assert "text.delta" not in {trace.event_type for trace in harness.store.traces}


async def test_reads_of_one_turn_run_at_once_and_come_back_in_order(root: Path) -> None:
    arrived = asyncio.Barrier(2)

    @tool(effect="read")
    async def meet(*, name: str) -> str:
        """Wait for the other."""
        async with asyncio.timeout(10):
            await arrived.wait()
        return name

    turns = [calls(call("room.meet", name="first"), call("room.meet", name="second")), "Met."]
    harness = Harness(root, turns, engines=[engine_of("room", [meet])])
    await harness.run()
    assert harness.heard()[-2:] == ["first", "second"]


async def test_a_turn_with_a_write_runs_in_order(root: Path) -> None:
    letters = Letters([])
    turns = [calls(call("letters.post", text="a"), call("letters.count"), call("letters.post", text="b")), "Posted."]
    harness = Harness(root, turns, engines=[letters.engine()])
    await harness.run()
    assert harness.heard()[-3:] == ["posted a", "1", "posted b"]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (call("fs.read", path=7), "path"),
        (call("fs.read", pth="notes.txt"), "path"),
        (call("fs.read", path="missing.txt"), "missing.txt"),
        (call("fs.read", path="../outside"), "outside"),
        (call("fs.reed", path="notes.txt"), "fs.read"),
        ({"tools": [{"name": "fs.read", "invalid": '{"path": '}]}, "not a JSON object"),
    ],
    ids=["type", "name", "missing", "outside", "unknown tool", "not json"],
)
async def test_a_bad_call_goes_back_to_the_model_which_can_mend_it(root: Path, bad: Any, told: str) -> None:
    harness = Harness(root, [bad, call("fs.read", path="notes.txt"), "Buy milk."])
    assert (await harness.run())["text"] == "Buy milk."
    answered = harness.model.requests[1].messages[-1]
    assert answered.is_error
    assert told in answered.content
    assert [step.status for step in harness.steps("tool")] == ["failed", "completed"]
    assert harness.steps("tool")[0].handled


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ("", "answered nothing"),
        ("  \n ", "answered nothing"),
        ({"text": "Half an ans", "stop_reason": "length"}, "max_output_tokens"),
        ({"text": "I cannot help with that.", "stop_reason": "refused"}, "refused"),
        ({**call("fs.read", path="notes.txt"), "stop_reason": "length"}, "max_output_tokens"),
    ],
    ids=["empty", "blank", "cut off", "refused", "cut off in a call"],
)
async def test_what_is_no_answer_is_a_failure(root: Path, turn: Any, words: str) -> None:
    harness = Harness(root, [turn])
    error = await failed(harness)
    assert error.code is ErrorCode.BAD_OUTPUT
    assert words in str(error)
    assert [(step.type, step.status) for step in harness.steps()] == [("agent", "failed"), ("model", "failed")]
    assert harness.steps("model")[0].input_tokens is not None, "it was paid for"


async def test_a_model_that_fails_is_asked_again_on_resume(root: Path) -> None:
    turns = [
        {"error": "model_rate_limited", "times": 1, "when": "milk"},
        call("fs.read", path="notes.txt"),
        "Buy milk.",
    ]
    harness = Harness(root, turns)
    assert (await failed(harness)).code is ErrorCode.MODEL_RATE_LIMITED
    assert (await harness.run())["text"] == "Buy milk."
    assert len(harness.steps("tool")) == 1


async def test_an_agent_that_repeats_itself_is_told_once_and_then_stopped(root: Path) -> None:
    harness = Harness(root, [call("fs.read", path="notes.txt")] * 5)
    error = await failed(harness)
    assert error.code is ErrorCode.STUCK
    assert len(harness.steps("tool")) == 2, "the third call is not made any more"
    assert len(harness.steps("model")) == 4
    assert "3 times running" in harness.heard()[-1]


async def test_an_agent_that_was_told_can_go_on(root: Path) -> None:
    same = call("fs.read", path="notes.txt")
    harness = Harness(root, [same, same, same, call("fs.list"), same, same, "Buy milk."])
    assert (await harness.run())["steps"] == 7


async def test_two_agents_of_a_run_do_not_share_paths(root: Path) -> None:
    from savant.runtime.agents import run_agent
    from savant.runtime.execution import Execution
    from savant.runtime.journal import Journal

    harness = Harness(root, [call("fs.list"), "Done."])
    journal = Journal(harness.store)
    execution = Execution(program=harness.program, journal=journal, models=harness.models, toolbox=harness.toolbox)
    both = await asyncio.gather(*(run_agent(execution, "tester", "Look.", path=f"each[{n}]") for n in range(2)))
    await journal.aclose()
    assert [result["text"] for result in both] == ["Done.", "Done."]
    assert len({step.path for step in harness.steps()}) == len(harness.steps()) == 8


@pytest.mark.parametrize("goal", [None, "  "])
async def test_an_agent_without_a_goal_is_a_mistake_of_usage(root: Path, goal: Any) -> None:
    assert (await failed(Harness(root, ["Hm."]), goal=goal)).code is ErrorCode.USAGE


async def test_an_agent_without_tools_just_answers(root: Path) -> None:
    harness = Harness(root, ["Hello."], tools=ToolPolicy())
    assert (await harness.run())["text"] == "Hello."
    assert harness.model.requests[0].tools == []


async def test_the_model_of_the_run_goes_before_the_agents_own(root: Path) -> None:
    from tests.runtime.agents.running import Listening

    harness = Harness(root, ["from the agent's"])
    harness.models.add("scripted/other", Listening(["from the other"], "scripted/other"))
    assert (await harness.run(model="scripted/other")) == {
        "text": "from the other",
        "output": None,
        "steps": 1,
        "model": "scripted/other",
    }


async def test_an_agent_without_a_model_says_what_to_set(root: Path) -> None:
    harness = Harness(root, ["Hm."])
    harness.bundle.agents["tester"].config.llm_model = None
    error = await failed(harness)
    assert (error.code, error.hint) == (
        ErrorCode.MODEL_NOT_CONFIGURED,
        "Set `config.llm_model`, or run with --model provider/model.",
    )


async def test_a_changed_prompt_diverges_instead_of_asking_again(root: Path) -> None:
    from savant.runtime.journal import Divergence

    harness = Harness(root, [call("fs.list"), {"text": "", "times": 1, "error": "model_timeout"}, "Done."])
    await failed(harness)
    asked = len(harness.model.requests)
    harness.bundle.agents["tester"].driver_prompt = "Be different."
    with pytest.raises(Divergence) as caught:
        await harness.run()
    assert caught.value.details["path"] == "tester/agent/1/model"
    assert caught.value.details["current"]["messages"][0]["content"] == "Be different."
    assert len(harness.model.requests) == asked
