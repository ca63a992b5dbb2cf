"""A small model begins; the large one takes over when it asks for that, fails twice, or meets what it cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm.scripted import Script
from savant.schemas.agents import ToolPolicy
from tests.runtime.agents.running import MODEL, SMALL, Harness, Letters, action, call
from tests.runtime.agents.test_agent_output import GOOD, VERDICT
from tests.runtime.agents.test_agent_resume import completed, fresh
from tests.runtime.journal.stores import KeepingStore

HELP = call("escalate", reason="I cannot judge this")


def script(*turns: Any, native: bool = True, window: int | None = None) -> Script:
    return msgspec.convert({"turns": list(turns), "native_tools": native, "context_window": window}, Script)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").write_text("remember the milk\n")
    return tmp_path


def models_of(harness: Harness) -> list[str]:
    """Which model was asked in each step, in order."""
    return [msgspec.json.decode(step.input)["model"] for step in harness.steps("model")]


async def test_a_small_model_that_can_do_it_does_all(root: Path) -> None:
    harness = Harness(root, ["unused"], small=[call("fs.read", path="notes.txt"), "Buy milk."])
    assert await harness.run() == {"text": "Buy milk.", "output": None, "steps": 2, "model": SMALL}
    assert harness.model.requests == []


@pytest.mark.parametrize("small_is_native", [True, False], ids=["small native", "small json"])
@pytest.mark.parametrize("large_is_native", [True, False], ids=["large native", "large json"])
async def test_the_large_model_takes_over_when_asked_and_knows_what_was_done(
    root: Path, small_is_native: bool, large_is_native: bool
) -> None:
    def turn(name: str, native: bool, **arguments: Any) -> Any:
        return call(name, **arguments) if native else action(name, arguments=arguments)

    small = script(
        turn("fs.read", small_is_native, path="notes.txt"),
        turn("escalate", small_is_native, reason="I cannot judge this"),
        native=small_is_native,
    )
    answer = "Buy milk." if large_is_native else action("final", text="Buy milk.")
    large = script("unused", turn("fs.list", large_is_native), answer, native=large_is_native)
    harness = Harness(root, large, small=small)
    assert await harness.run() == {"text": "Buy milk.", "output": None, "steps": 4, "model": MODEL}
    assert models_of(harness) == [SMALL, SMALL, MODEL, MODEL]
    heard = harness.model.requests[0].messages
    assert any("remember the milk" in message.content for message in heard)
    assert "I cannot judge this" in heard[-1].content
    read = next(message for message in heard if message.role == "assistant")
    assert [one.name for one in read.tool_calls] == (["fs.read"] if large_is_native else [])
    assert ("fs.read" in read.content) != large_is_native, "it is told in its own way of acting"
    assert len(harness.steps("tool")) == 2


async def test_only_the_small_model_can_escalate(root: Path) -> None:
    harness = Harness(root, ["Done."], small=[HELP])
    await harness.run()
    assert "escalate" in [tool.name for tool in harness.small.requests[0].tools]
    assert "escalate" not in [tool.name for tool in harness.model.requests[0].tools]
    alone = Harness(root, [HELP, "Done."])
    await alone.run()
    assert "escalate" not in [tool.name for tool in alone.model.requests[0].tools]
    assert alone.steps("tool")[0].error_code == "tool_unknown"


@pytest.mark.parametrize(
    ("turns", "asked"),
    [
        (["no JSON", '{"okay": 1}'], 2),
        ([call("fs.reed", path="notes.txt"), call("fs.read", pth="notes.txt")], 2),
        ([call("fs.reed", path="notes.txt"), "no JSON"], 2),
        ([""], 1),
        ([{"text": "No.", "stop_reason": "refused"}], 1),
        ([{"text": "Half an", "stop_reason": "length"}], 1),
        ([{"error": "model_context_overflow"}], 1),
        ([call("fs.list"), call("fs.list"), call("fs.list")], 3),
    ],
    ids=["bad answers", "bad calls", "both", "nothing", "refused", "cut off", "too long for it", "stuck"],
)
async def test_a_small_model_that_cannot_is_relieved(root: Path, turns: list[Any], asked: int) -> None:
    kept = min(2, sum(isinstance(turn, dict) and "tools" in turn for turn in turns))
    harness = Harness(root, [*["unused"] * kept, {"json": GOOD}], small=turns, output_schema=VERDICT)
    result = await harness.run()
    assert (result["output"], result["model"]) == (GOOD, MODEL)
    assert len(harness.small.requests) == asked
    assert not any("no JSON" in message.content for message in harness.model.requests[0].messages)


async def test_one_mistake_may_be_mended_by_the_small_model_itself(root: Path) -> None:
    harness = Harness(root, ["unused"], small=["no JSON", {"json": GOOD}], output_schema=VERDICT)
    assert (await harness.run())["model"] == SMALL


async def test_the_large_model_has_its_own_two_mends(root: Path) -> None:
    turns = ["no", "neither", {"json": GOOD}]
    harness = Harness(root, turns, small=[HELP], output_schema=VERDICT)
    assert (await harness.run())["output"] == GOOD
    failing = Harness(root, ["no", "neither", "nor", {"json": GOOD}], small=[HELP], output_schema=VERDICT)
    with pytest.raises(SavantError) as caught:
        await failing.run()
    assert caught.value.code is ErrorCode.BAD_OUTPUT
    assert MODEL in caught.value.message


async def test_an_output_over_its_window_brings_in_the_large_model_which_sees_all_of_it(root: Path) -> None:
    (root / "long.txt").write_text("".join(f"line {n}\n" for n in range(2000)))
    small = script(call("fs.read", path="long.txt"), window=2000)
    harness = Harness(root, ["unused", "Read."], small=small, tools=ToolPolicy(allow=["fs.*"]))
    assert (await harness.run())["model"] == MODEL
    assert "line 1999" in harness.heard()[-2]
    assert "more than it can read" in harness.heard()[-1]


async def test_a_goal_over_its_window_never_reaches_the_small_model(root: Path) -> None:
    harness = Harness(root, ["Read."], small=script("unused", window=1000))
    assert (await harness.run("word " * 5000))["model"] == MODEL
    assert harness.small.requests == []


async def test_the_model_of_the_run_does_all(root: Path) -> None:
    harness = Harness(root, ["Done."], small=["unused"])
    assert (await harness.run(model=MODEL))["model"] == MODEL
    assert harness.small.requests == []


async def test_a_small_model_alone_does_all(root: Path) -> None:
    harness = Harness(root, ["unused"], small=[call("fs.read", path="notes.txt"), "Buy milk."])
    harness.bundle.agents["tester"].config.llm_model = None
    assert (await harness.run())["model"] == SMALL
    assert "escalate" not in [tool.name for tool in harness.small.requests[0].tools]


async def test_a_small_model_that_cannot_be_reached_is_asked_again_on_resume(root: Path) -> None:
    harness = Harness(root, ["unused"], small=[{"error": "model_unreachable", "times": 1}, "Done."])
    with pytest.raises(SavantError) as caught:
        await harness.run()
    assert caught.value.code is ErrorCode.MODEL_UNREACHABLE
    harness.small = type(harness.small)(["Done."], SMALL)
    harness.models.add(SMALL, harness.small)
    assert (await harness.run())["model"] == SMALL


async def test_a_run_that_escalates_resumes_from_a_kill_at_any_write(tmp_path: Path) -> None:
    small = [call("fs.read", path="a.txt"), call("letters.post", text="one"), HELP]
    large = ["unused", "unused", call("letters.post", text="two"), "Done."]

    def again(folder: Path, store: Any, posted: list[str]) -> Harness:
        return Harness(folder, large, engines=[Letters(posted).engine()], store=store, small=small)

    whole, posted = KeepingStore(), list[str]()
    result = await again(fresh(tmp_path / "whole"), whole, posted).run()
    assert (result["text"], posted) == ("Done.", ["one", "two"])
    for cut in range(len(whole.states)):
        left = whole.killed_after(cut)
        done = [step for step in completed(left).values() if step.tool_name == "letters.post"]
        letters = posted[: len(done)]
        resumed = await again(fresh(tmp_path / f"cut{cut}"), left, letters).run(options={"on_uncertain": "retry"})
        assert (resumed, letters) == (result, posted), f"cut after write {cut}"
