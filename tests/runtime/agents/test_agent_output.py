"""JSON actions for models without tools, and answers that must fit a schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.answers import json_values
from savant.runtime.llm.scripted import Script
from savant.schemas.agents import ToolPolicy
from tests.runtime.agents.running import Harness, action

VERDICT = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "why": {"type": "string"}},
    "required": ["ok"],
    "additionalProperties": False,
}
GOOD = {"ok": True, "why": "tests"}


def script(*turns: Any) -> Script:
    """A model that has no tools of its own."""
    return msgspec.convert({"turns": list(turns), "native_tools": False}, Script)


async def failed(harness: Harness, **options: Any) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await harness.run(**options)
    return caught.value


READ = action("fs.read", arguments={"path": "notes.txt"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").write_text("remember the milk\n")
    return tmp_path


async def test_a_model_without_tools_acts_in_json(root: Path) -> None:
    harness = Harness(root, script(READ, action("final", text="Buy milk.")), tools=ToolPolicy(allow=["fs.read"]))
    result = await harness.run()
    assert (result["text"], result["steps"]) == ("Buy milk.", 2)
    asked = harness.model.requests[-1]
    assert asked.tools == []
    assert asked.response_schema is not None
    assert asked.response_schema["properties"]["action"]["enum"] == ["fs.read", "final"]
    assert asked.response_schema["properties"]["arguments"]["properties"].keys() >= {"path"}
    assert "- fs.read(path: string" in asked.messages[0].content
    assert [message.role for message in asked.messages] == ["system", "user", "assistant", "user"]
    assert "remember the milk" in asked.messages[-1].content


@pytest.mark.parametrize(
    "said",
    [
        'Sure! {"action": "fs.read", "arguments": {"path": "notes.txt"}} Is that right?',
        '```json\n{"action": "fs.read", "arguments": {"path": "notes.txt"}}\n```',
        '{"thought": 1} {"action": "fs.read", "arguments": "{\\"path\\": \\"notes.txt\\"}"}',
        'I think {so} [maybe] {"action": "fs.read", "arguments": {"path": "notes.txt"}',
    ],
    ids=["prose", "fence", "arguments as text", "cut off"],
)
async def test_json_is_found_in_what_a_model_wraps_around_it(root: Path, said: str) -> None:
    harness = Harness(root, script(said, READ, action("final", text="Buy milk.")))
    assert (await harness.run())["text"] == "Buy milk."
    whole = said.count("{") == said.count("}")
    assert len(harness.steps("tool")) == (2 if whole else 1)


@pytest.mark.parametrize("bad", ["Buy milk.", '{"act": "final"}', action("final", text=" "), action("final"), "[1]"])
async def test_an_answer_that_is_no_action_is_told_twice_and_then_fails(root: Path, bad: Any) -> None:
    mended = Harness(root, script(bad, bad, action("final", text="Buy milk.")))
    assert (await mended.run())["text"] == "Buy milk."
    error = await failed(Harness(root, script(bad, bad, bad, bad)))
    assert error.code is ErrorCode.BAD_OUTPUT


async def test_a_bad_action_is_an_error_the_model_can_mend(root: Path) -> None:
    turns = [action("fs.reed"), action("fs.read", arguments={}), action("fs.read", arguments=[1]), READ]
    harness = Harness(root, script(*turns, action("final", text="Buy milk.")))
    assert (await harness.run())["text"] == "Buy milk."
    assert [step.status for step in harness.steps("tool")] == ["failed"] * 3 + ["completed"]
    assert harness.heard(1)[-1].startswith("Error of fs.reed:")


@pytest.mark.parametrize("mode", ["native", "json", "no tools"])
async def test_the_answer_fits_the_schema_or_is_mended(root: Path, mode: str) -> None:
    say = (lambda value: action("final", output=value)) if mode == "json" else (lambda value: {"json": value})
    turns = [say({"ok": "yes"}), say({"okay": True}), say(GOOD)]
    tools = ToolPolicy() if mode == "no tools" else None
    harness = Harness(root, script(*turns), tools=tools, output_schema=VERDICT)
    harness.bundle.agents["tester"].config.tool_mode = "json" if mode == "json" else "native"
    result = await harness.run()
    assert (result["output"], msgspec.json.decode(result["text"])) == (GOOD, GOOD)
    assert '"yes" is not of type "boolean"' in harness.heard(1)[-1]
    assert "additionalProperties" in harness.heard(0)[0], "the prompt shows the schema"
    constrained = harness.model.requests[0].response_schema
    assert (constrained is None) == (mode == "native")


async def test_an_answer_that_is_not_mended_in_two_tries_fails(root: Path) -> None:
    harness = Harness(root, ["no", "{}", '{"ok": 1}', {"json": GOOD}], output_schema=VERDICT)
    error = await failed(harness)
    assert error.code is ErrorCode.BAD_OUTPUT
    assert len(harness.model.requests) == 3
    assert harness.steps("agent")[0].status == "failed"


@pytest.mark.parametrize(
    "wrap", ["{}", "```json\n{}\n```", "Here you are:\n\n{}\n\nAnything else?", '{{"draft": 1}} {}']
)
async def test_the_answer_may_be_wrapped(root: Path, wrap: str) -> None:
    text = wrap.replace("{}", msgspec.json.encode(GOOD).decode()).replace("{{", "{").replace("}}", "}", 1)
    harness = Harness(root, [text], output_schema=VERDICT)
    assert (await harness.run())["output"] == GOOD


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=3)),
    st.text(alphabet="abc {}[]:,\"'\n`", max_size=30),
)
def test_any_object_alone_is_found_and_garbage_never_breaks_the_search(value: dict[str, Any], noise: str) -> None:
    text = msgspec.json.encode(value).decode()
    assert list(json_values(text)) == [value]
    assert value in list(json_values(f"Well:\n{text}\nDone."))
    list(json_values(noise + text))


HOSTILE = {
    "arrays": "[" * 100_000,
    "objects": '{"a":' * 50_000,
    "braces": "{" * 100_000,
    "nan": '{"a": NaN} x',
    "surrogate": '{"a": "\\ud800"}',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_ends_and_yields_only_json(kind: str) -> None:
    assert all(msgspec.json.encode(value) for value in json_values(HOSTILE[kind]))
