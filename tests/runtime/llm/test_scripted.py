"""The scripted model: the same request always gets the same answer, and a bad script says what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm import scripted
from savant.runtime.llm.base import Message, ModelRequest, Models, ToolCall, Usage
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.llm.scripted import ScriptedCall, ScriptedModel, Turn


def talk(*assistant: str, system: str = "", goal: str = "Go.", last: str | None = None) -> ModelRequest:
    """A conversation in which the model has said `assistant` so far."""
    messages = [Message(role="system", content=system), Message(role="user", content=goal)]
    for said in assistant:
        messages += [Message(role="assistant", content=said), Message(role="user", content="And then?")]
    messages += [Message(role="user", content=last)] if last else []
    return ModelRequest(messages=messages)


async def text(model: ScriptedModel, request: ModelRequest) -> str:
    return (await model.complete(request)).text


async def test_the_place_in_the_conversation_chooses_the_turn() -> None:
    model = ScriptedModel(["one", Turn(text="two"), {"text": "three"}])
    assert await text(model, talk("one", "two")) == "three"
    assert await text(model, talk()) == "one"  # another conversation, at its beginning
    assert await text(model, talk("one")) == "two"
    assert await text(model, talk("one")) == "two"  # the same again, as after a resume


async def test_all_that_a_turn_can_say() -> None:
    calls = [ScriptedCall(name="git.log", arguments={"limit": 1}), ScriptedCall(name="fs.read", invalid="{")]
    usage = Usage(input_tokens=900, output_tokens=20)
    model = ScriptedModel([Turn(text="Look.\nThen.", tools=calls, usage=usage, cost_usd=0.25)])
    pieces: list[str] = []

    response = await model.complete(talk(), pieces.append)

    assert response.tool_calls == [
        ToolCall(id="call_0_0", name="git.log", arguments={"limit": 1}),
        ToolCall(id="call_0_1", name="fs.read", invalid="{"),
    ]
    assert (response.usage, response.cost_usd, response.stop_reason) == (usage, 0.25, "tool_calls")
    assert pieces == ["Look.\n", "Then."]


async def test_a_text_in_the_last_message_goes_first() -> None:
    model = ScriptedModel(["in order", Turn(when="weather", text="It rains.")])
    assert await text(model, talk(last="What weather is it?")) == "It rains."
    assert await text(model, talk(last="What time is it?")) == "in order"


async def test_conversations_have_turns_of_their_own() -> None:
    model = ScriptedModel(
        [
            "for all",
            {"when": {"system": "security"}, "text": "secure 1"},
            {"when": {"system": "security"}, "text": "secure 2"},
            {"when": {"goal": "tests"}, "text": "tested"},
        ]
    )
    assert await text(model, talk(system="You look at security.")) == "secure 1"
    assert await text(model, talk("secure 1", system="You look at security.")) == "secure 2"
    assert await text(model, talk(goal="Look at the tests.")) == "tested"
    assert await text(model, talk()) == "for all"


async def test_an_error_and_one_that_passes() -> None:
    limited: dict[str, Any] = {"error": "model_rate_limited", "message": "Slow down.", "times": 2}
    model = ScriptedModel([limited, "better", {"error": "model_denied"}])
    for _ in range(2):
        with pytest.raises(SavantError, match="Slow down") as caught:
            await model.complete(talk())
        assert caught.value.code == ErrorCode.MODEL_RATE_LIMITED
    assert await text(model, talk()) == "better"
    for _ in range(2):
        with pytest.raises(SavantError) as caught:
            await model.complete(talk("better"))
        assert caught.value.code == ErrorCode.MODEL_DENIED


async def test_more_turns_than_written_is_a_failure_unless_it_loops() -> None:
    with pytest.raises(SavantError, match="has 1 turns") as caught:
        await ScriptedModel(["only"]).complete(talk("only"))
    assert caught.value.code == ErrorCode.MODEL_BAD_RESPONSE
    looping = ScriptedModel(scripted.Script(turns=["a", "b"], loop=True))
    assert [await text(looping, talk(*["x"] * n)) for n in range(4)] == ["a", "b", "a", "b"]


async def test_a_delay_longer_than_the_time_given_is_a_time_out() -> None:
    request = talk()
    request.timeout = 0.02
    with pytest.raises(SavantError) as caught:
        await ScriptedModel([Turn(text="late", delay=30)]).complete(request)
    assert caught.value.code == ErrorCode.MODEL_TIMEOUT


async def test_a_file_is_a_model(tmp_path: Path) -> None:
    script = (
        "native_tools: false\ncontext_window: 500\nturns:\n- json: {verdict: ok}\n- {text: bye, stop_reason: length}\n"
    )
    (tmp_path / "review.yaml").write_text(script)
    async with ModelRegistry(root=tmp_path) as registry:
        models: Models = registry
        model = models.get("scripted/review.yaml")
        assert (model.id, model.native_tools, model.context_window) == ("scripted/review.yaml", False, 500)
        assert (await model.complete(talk())).text == '{"verdict":"ok"}'
        assert (await model.complete(talk("x"))).stop_reason == "length"


def test_the_example_in_the_documentation_is_a_script(tmp_path: Path) -> None:
    lines = (scripted.__doc__ or "").split("In YAML:\n")[1].split("\nWhich turn")[0]
    path = tmp_path / "example.yaml"
    path.write_text(lines)
    ScriptedModel.from_file(path, "scripted/example.yaml")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("turns: [", "not YAML"),
        ("turns:\n- txt: hello\n", "`txt`"),
        ("turns:\n- error: no_such_code\n", "no_such_code"),
        ("turns: []", "no turns"),
        ("- hello", "object"),
        ("turns:\n- {text: a, times: 2}\n", "`times` is for a turn with `error`"),
    ],
)
def test_a_bad_script_says_what_is_wrong(tmp_path: Path, script: str, says: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(script)
    with pytest.raises(SavantError) as caught:
        ScriptedModel.from_file(path, "scripted/bad.yaml")
    assert caught.value.code == ErrorCode.INVALID_CONFIG
    assert says in str(caught.value)
    assert "bad.yaml" in str(caught.value)


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SavantError) as caught:
        ModelRegistry(root=tmp_path).get("scripted/none.yaml")
    assert caught.value.code == ErrorCode.MODEL_NOT_FOUND
    assert "none.yaml" in caught.value.message
