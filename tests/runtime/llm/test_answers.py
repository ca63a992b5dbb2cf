"""What a model says reaches the agent the same over both wires, whole or streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm.base import Message, ToolCall
from tests.runtime.llm.conftest import LOG, Stage, ask
from tests.stubs.models import Reply

CALL = {"name": "git__log", "arguments": {"limit": 3, "path": "src/ä b.py"}}


@pytest.mark.parametrize("fault", [None, "plain", "wrong_type", "never_closes"])
async def test_text_usage_and_stop(stage: Stage, fault: str | None) -> None:
    usage = {"input": 120, "output": 7, "cached": 100}
    scene = await stage(Reply(text="Five words reach the reader.", usage=usage, fault=fault))
    pieces: list[str] = []

    response = await scene.model.complete(ask(), pieces.append)

    assert response.text == "".join(pieces) == "Five words reach the reader."
    assert (response.usage.input_tokens, response.usage.output_tokens) == (120, 7)
    assert response.usage.cached_tokens == 100
    assert not response.usage.estimated
    assert (response.stop_reason, response.model) == ("end", "some-model")
    assert len(pieces) == (1 if fault == "plain" else 5)


@pytest.mark.parametrize("fault", [None, "plain", "whole_calls", "object_arguments"])
async def test_tool_calls_however_they_arrive(stage: Stage, fault: str | None) -> None:
    other = {"name": "git__log", "arguments": {}}
    scene = await stage(Reply(text="Let me look.", tools=[CALL, other], fault=fault))

    response = await scene.model.complete(ask(tools=[LOG]))

    assert [(call.name, call.arguments) for call in response.tool_calls] == [
        ("git.log", {"limit": 3, "path": "src/ä b.py"}),
        ("git.log", {}),
    ]
    assert len({call.id for call in response.tool_calls}) == 2
    assert (response.text, response.stop_reason) == ("Let me look.", "tool_calls")


@pytest.mark.parametrize("arguments", ['{"limit": 3', "[1, 2]", '"limit"', "limit=3"])
async def test_arguments_that_are_no_object_are_kept_for_the_model_to_mend(stage: Stage, arguments: str) -> None:
    scene = await stage(Reply(tools=[{"name": "git__log", "arguments": arguments}]))

    [call] = (await scene.model.complete(ask(tools=[LOG]))).tool_calls

    assert (call.invalid, call.arguments) == (arguments, {})


async def test_a_server_that_does_not_count_is_counted_for(stage: Stage) -> None:
    scene = await stage(Reply(text="x" * 400, fault="no_usage"))

    usage = (await scene.model.complete(ask(Message(role="user", content="y" * 800)))).usage

    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (200, 100, True)


@pytest.mark.parametrize("stop", ["length", "refused"])
async def test_why_it_stopped(stage: Stage, stop: str) -> None:
    scene = await stage(Reply(text="Half an", stop=stop))
    assert (await scene.model.complete(ask())).stop_reason == stop


async def test_a_conversation_is_sent_so_that_the_provider_takes_it(stage: Stage, wire: str) -> None:
    scene = await stage(Reply(text="Done."))
    calls = [ToolCall(id="c.1", name="git.log", arguments={"limit": 1}), ToolCall(id="c.2", name="fs.read")]
    talk = [
        Message(role="system", content="Be brief."),
        Message(role="user", content="What changed?"),
        Message(role="assistant", content="", tool_calls=calls),
        Message(role="tool", tool_call_id="c.1", content="abc"),
        Message(role="tool", tool_call_id="c.2", content="no such file", is_error=True),
        Message(role="user", content="Go on."),
    ]

    await scene.model.complete(ask(*talk, tools=[LOG], temperature=0.2, max_output_tokens=50))

    [seen] = scene.stub.requests
    assert seen.body["max_tokens"] == 50
    assert seen.body["temperature"] == 0.2
    assert "git.log" not in json.dumps(seen.body)
    (_check_openai if wire == "openai" else _check_anthropic)(seen.body, seen.headers)


def _check_openai(body: dict[str, Any], headers: dict[str, str]) -> None:
    assert headers["authorization"] == "Bearer sk-secret-0123456789"
    assert body["stream_options"] == {"include_usage": True}
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "user"]
    call = body["messages"][2]["tool_calls"][0]
    assert call["function"] == {"name": "git__log", "arguments": '{"limit":1}'}
    assert call["id"] == body["messages"][3]["tool_call_id"] == "c_1"
    assert body["tools"][0]["function"]["name"] == "git__log"


def _check_anthropic(body: dict[str, Any], headers: dict[str, str]) -> None:
    mark = {"type": "ephemeral"}
    assert headers["x-api-key"] == "sk-secret-0123456789"
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": mark}]
    assert body["tools"][-1]["cache_control"] == mark
    user, assistant, answers = body["messages"]
    assert [user["role"], assistant["role"], answers["role"]] == ["user", "assistant", "user"]
    assert [block["type"] for block in assistant["content"]] == ["tool_use", "tool_use"]
    assert [block["type"] for block in answers["content"]] == ["tool_result", "tool_result", "text"]
    assert answers["content"][0]["tool_use_id"] == assistant["content"][0]["id"] == "c_1"
    assert answers["content"][1]["is_error"] is True
    assert answers["content"][-1]["cache_control"] == mark


async def test_what_is_written_to_the_cache_is_counted(stage: Stage, wire: str) -> None:
    scene = await stage(Reply(text="Hi.", usage={"input": 90, "output": 2, "cached": 30, "cache_write": 50}))
    usage = (await scene.model.complete(ask())).usage
    assert usage.input_tokens == 90
    assert usage.cache_write_tokens == (50 if wire == "anthropic" else 0)


CLOSED = {
    "type": "object",
    "properties": {"verdict": {"type": "string"}},
    "required": ["verdict"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"facts": {"type": "object"}}}


async def test_a_schema_is_asked_for_in_the_wires_own_way(stage: Stage, wire: str) -> None:
    scene = await stage(Reply(text='{"verdict":"ok"}'))

    response = await scene.model.complete(ask(response_schema=CLOSED))

    assert json.loads(response.text) == {"verdict": "ok"}
    body = scene.stub.requests[0].body
    if wire == "openai":
        named = {"name": "answer", "schema": CLOSED, "strict": True}
        assert body["response_format"] == {"type": "json_schema", "json_schema": named}
    else:
        assert body["output_config"] == {"format": {"type": "json_schema", "schema": CLOSED}}


async def test_a_schema_anthropic_cannot_say_becomes_a_forced_tool(stage: Stage, wire: str) -> None:
    if wire == "openai":
        scene = await stage(Reply(text='{"facts":{"a":1}}'))
    else:
        scene = await stage(Reply(tools=[{"name": "answer", "arguments": {"facts": {"a": 1}}}]))

    response = await scene.model.complete(ask(response_schema=OPEN))

    assert json.loads(response.text) == {"facts": {"a": 1}}
    assert (response.tool_calls, response.stop_reason) == ([], "end")
    body = scene.stub.requests[0].body
    if wire == "openai":
        assert body["response_format"]["json_schema"]["strict"] is False
    else:
        assert body["tool_choice"] == {"type": "tool", "name": "answer"}


@pytest.mark.parametrize("fault", [None, "plain"])
async def test_a_forced_tool_answers_in_text_whole_or_streamed(stage: Stage, wire: str, fault: str | None) -> None:
    tools = [{"name": "answer", "arguments": {"verdict": "ok"}}]
    reply = Reply(tools=tools, fault=fault) if wire == "anthropic" else Reply(text='{"verdict":"ok"}')
    scene = await stage(reply, structured="tool")
    pieces: list[str] = []

    response = await scene.model.complete(ask(response_schema=CLOSED), pieces.append)

    assert json.loads(response.text) == json.loads("".join(pieces)) == {"verdict": "ok"}
    assert (response.tool_calls, response.stop_reason) == ([], "end")


async def test_a_server_without_schemas_is_told_in_words(stage: Stage) -> None:
    scene = await stage(Reply(text='{"verdict":"ok"}'), structured="none")
    await scene.model.complete(ask(response_schema=CLOSED))
    body = scene.stub.requests[0].body
    assert '\\"verdict\\"' in json.dumps(body["messages"] + body.get("system", []))
    assert "response_format" not in body
    assert "output_config" not in body


async def test_connections_are_used_again(stage: Stage) -> None:
    scene = await stage(Reply(text="Hello."))
    for _ in range(5):
        await scene.model.complete(ask())
    assert scene.stub.connections == 1


async def test_a_line_separator_inside_a_text_does_not_break_it(stage: Stage) -> None:
    text = "a\u2028b\u0085c\u000cd"
    scene = await stage(Reply(text=text))
    assert (await scene.model.complete(ask())).text == text


async def test_an_answer_without_any_content_is_no_success(stage: Stage) -> None:
    scene = await stage(Reply(text=""))
    with pytest.raises(SavantError) as caught:
        await scene.model.complete(ask())
    assert caught.value.code == ErrorCode.MODEL_BAD_RESPONSE
    assert "empty" in caught.value.message
