"""Long outputs are digested, long histories are compacted, the journal keeps all of it, and no window is overrun."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import unpack
from savant.runtime.llm.base import ModelRequest, ModelResponse, OnDelta, ToolCall, Usage
from savant.runtime.llm.scripted import Script, When
from savant.runtime.llm.scripted import Turn as ScriptedTurn
from savant.runtime.llm.tokens import message_tokens, tokens, tool_tokens
from savant.runtime.tools.engine import Engine, engine_of, tool
from tests.runtime.agents.running import MODEL, SMALL, Harness, call, calls
from tests.runtime.journal.stores import KeepingStore

LINES = "".join(f"line {n} of the log\n" for n in range(4000))  # about 20,000 tokens
DIGEST = {"when": {"system": "You shorten the output"}, "text": "All 4000 lines are alike."}


def script(*turns: Any, window: int | None = None, native: bool = True) -> Script:
    return msgspec.convert({"turns": list(turns), "context_window": window, "native_tools": native}, Script)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "log.txt").write_text(LINES)
    return tmp_path


READ = call("fs.read", path="log.txt", max_bytes=200_000)


@pytest.mark.parametrize("with_small", [True, False], ids=["small model", "one model"])
async def test_a_long_output_is_digested_and_the_journal_keeps_it(root: Path, with_small: bool) -> None:
    turns = [READ, "Read.", DIGEST]
    harness = Harness(root, ["unused"] if with_small else turns, small=turns if with_small else None)
    assert (await harness.run("Find the odd line."))["text"] == "Read."
    digest = next(step for step in harness.steps("model") if step.path.endswith("digest"))
    assert digest.path == "tester/agent/1/tools[0]/digest"
    model = harness.small if with_small else harness.model
    asked, told = model.requests[1], model.requests[2].messages[-1].content
    assert LINES[-20:].strip() in asked.messages[1].content
    assert "Find the odd line." in asked.messages[1].content
    assert told.startswith("All 4000 lines are alike.")
    assert '"step": "1/tools[0]"' in told
    output = await unpack(harness.steps("tool")[0].output, harness.store.read_blobs)
    assert output["text"] == LINES


async def test_what_the_digest_left_out_can_be_read(root: Path) -> None:
    turns = [READ, call("output.read", step="1/tools[0]", offset=len(LINES) - 200), "Read.", DIGEST]
    harness = Harness(root, turns)
    await harness.run()
    assert "line 3990 of the log" in harness.heard()[-1]
    assert "output.read" in [shown.name for shown in harness.model.requests[-1].tools]
    assert "output.read" not in [shown.name for shown in harness.model.requests[0].tools]
    elsewhere = Harness(root, [READ, call("output.read", step="../other"), "Read.", DIGEST])
    await elsewhere.run()
    assert "There is no output of step" in elsewhere.heard()[-1]


async def test_a_model_without_tools_of_its_own_reads_on_too(root: Path) -> None:
    more = {"json": {"action": "output.read", "arguments": {"step": "1/tools[0]"}}}
    read = {"json": {"action": "fs.read", "arguments": {"path": "log.txt", "max_bytes": 200_000}}}
    harness = Harness(root, script(read, more, {"json": {"action": "final", "text": "Read."}}, DIGEST, native=False))
    assert (await harness.run())["text"] == "Read."
    assert "line 0 of the log" in harness.heard()[-1]


@pytest.mark.parametrize(
    "useless",
    [{"text": ""}, {"text": "I will not.", "stop_reason": "refused"}, {"error": "model_context_overflow"}],
    ids=["empty", "refused", "overflow"],
)
async def test_without_a_usable_digest_the_output_is_cut_and_says_so(root: Path, useless: Any) -> None:
    harness = Harness(root, [READ, "Read.", {**DIGEST, **useless}])
    await harness.run()
    told = harness.heard()[-1]
    assert "characters are left out here" in told
    assert tokens(told) < 9000
    assert "line 0 of the log" in told


async def test_all_outputs_of_one_turn_share_the_room(root: Path) -> None:
    (root / "half.txt").write_text(LINES[: len(LINES) // 2])
    (root / "short.txt").write_text("short\n")
    half = call("fs.read", path="half.txt", max_bytes=200_000)
    harness = Harness(root, [calls(half, half, call("fs.read", path="short.txt")), "Read.", DIGEST])
    await harness.run()
    digested = [step.path for step in harness.steps("model") if step.path.endswith("digest")]
    assert sorted(digested) == ["tester/agent/1/tools[0]/digest", "tester/agent/1/tools[1]/digest"]
    assert "short" in harness.heard()[-1]


def pages(size: int) -> Engine:
    @tool(effect="read")
    async def page(*, number: int) -> str:
        """Read one page."""
        return f"page {number}: " + "word " * size

    return engine_of("book", [page])


class Reader:
    """Reads page after page, and answers at the last; summaries say how far it came. Its window is real."""

    native_tools = True
    max_output_tokens: int | None = None

    def __init__(self, pages: int, window: int, told: int | None = None, id: str = MODEL) -> None:
        self.id = id
        self.context_window = told
        self.window = window
        self.sizes: list[int] = []
        self.summaries = 0
        self._pages = pages

    def cost(self, usage: Usage) -> float | None:
        return 0.0

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        size = sum(map(message_tokens, request.messages)) + tool_tokens(request.tools)
        if size > self.window:
            raise SavantError(ErrorCode.MODEL_CONTEXT_OVERFLOW, "That is too long for me.")
        self.sizes.append(size)
        response = self._answer(request)
        response.usage, response.cost_usd = Usage(input_tokens=size, output_tokens=20), 0.0
        return response

    def _answer(self, request: ModelRequest) -> ModelResponse:
        if "You keep the notes" in request.messages[0].content:
            self.summaries += 1
            return ModelResponse(text=f"Read until {last_page(request.messages[1:])}. The goal is to read all.")
        number = last_page(request.messages) + 1
        if number > self._pages:
            return ModelResponse(text=f"Read {number - 1} pages.")
        found = ToolCall(id=f"call_{number}", name="book.page", arguments={"number": number})
        return ModelResponse(tool_calls=[found], stop_reason="tool_calls")


def last_page(messages: Sequence[Any]) -> int:
    words = " ".join(message.content for message in messages).split()
    found = [word for before, word in pairwise(words) if before in ("page", "until")]
    return max((int(word.strip(".:")) for word in found), default=0)


@pytest.mark.parametrize("small", [False, True], ids=["one model", "small model"])
async def test_a_run_of_300_steps_stays_within_the_window(tmp_path: Path, small: bool) -> None:
    harness = Harness(tmp_path, ["unused"], engines=[pages(50)], small=["unused"] if small else None)
    model = Reader(300, window=4000, told=4000, id=SMALL if small else MODEL)
    harness.models.add(model.id, model)
    result = await harness.run("Read all pages.", max_steps=400)
    assert (result["text"], result["steps"]) == ("Read 300 pages.", 301)
    assert max(model.sizes) <= 4000
    assert model.summaries == len([step for step in harness.steps("model") if step.path.endswith("/compact")]) > 5
    assert max(model.sizes) > 2000, "and it is not emptied for no reason"
    outputs = [await unpack(step.output, harness.store.read_blobs) for step in harness.steps("tool")]
    assert [text.split(":")[0] for text in outputs] == [f"page {number}" for number in range(1, 301)]


async def test_a_server_that_does_not_count_what_it_had_in_its_cache_does_not_make_the_window_overrun(
    tmp_path: Path,
) -> None:
    class Forgetful(Reader):
        async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
            response = await super().complete(request, on_delta)
            response.usage.input_tokens = 10
            return response

    harness = Harness(tmp_path, ["unused"], engines=[pages(50)])
    model = Forgetful(60, window=4000, told=4000)
    harness.models.add(MODEL, model)
    assert (await harness.run("Read all pages.", max_steps=100))["text"] == "Read 60 pages."
    assert all(response != "overflow" for response in await stops(harness))


async def stops(harness: Harness) -> list[str]:
    outputs = [await unpack(step.output, harness.store.read_blobs) for step in harness.steps("model")]
    return [output["stop_reason"] for output in outputs]


async def test_a_window_that_nobody_knew_is_found_out_and_kept(tmp_path: Path) -> None:
    harness = Harness(tmp_path, ["unused"], engines=[pages(50)])
    model = Reader(60, window=4000)
    harness.models.add(MODEL, model)
    assert (await harness.run("Read all pages.", max_steps=100))["text"] == "Read 60 pages."
    assert model.summaries >= 1


async def test_what_is_too_long_even_alone_fails_and_says_so(tmp_path: Path) -> None:
    harness = Harness(tmp_path, ["unused"])
    harness.models.add(MODEL, Reader(1, window=500))
    with pytest.raises(SavantError) as caught:
        await harness.run("word " * 3000)
    assert caught.value.code is ErrorCode.MODEL_CONTEXT_OVERFLOW
    assert "larger context window" in str(caught.value)


async def test_a_run_that_compacts_and_digests_resumes_from_a_kill_at_any_write(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(LINES)

    def reading(store: Any) -> tuple[Harness, Reader]:
        harness = Harness(tmp_path, ["unused"], engines=[pages(250)], store=store)
        model = Reader(12, window=4000, told=4000)
        harness.models.add(MODEL, model)
        return harness, model

    whole = KeepingStore()
    result = await reading(whole)[0].run()
    assert any(step.path.endswith("/compact") for step in whole.steps.values())
    for cut in range(len(whole.states)):
        left = whole.killed_after(cut)
        paid = sum(step.type == "model" and step.status == "completed" for step in left.steps.values())
        harness, model = reading(left)
        assert await harness.run() == result, f"cut after write {cut}"
        total = sum(step.type == "model" for step in whole.steps.values())
        assert len(model.sizes) == total - paid, "nothing is asked twice"


def test_a_script_can_play_a_digest() -> None:
    """The other tests here rest on that."""
    turn = msgspec.convert(DIGEST, ScriptedTurn)
    assert turn.condition == When(system="You shorten the output")


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("word", 1), ("words", 2), ("x" * 400, 100), ("日本語", 3), ("naïve", 2)]
)
def test_tokens_are_counted_near_enough(text: str, count: int) -> None:
    assert tokens(text) == count
