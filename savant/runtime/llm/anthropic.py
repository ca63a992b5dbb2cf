"""The wire of Anthropic's messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from savant.runtime.llm import failures, names, schemas
from savant.runtime.llm.base import Message, ModelRequest, ModelResponse, StopReason, Usage
from savant.runtime.llm.failures import Target
from savant.runtime.llm.providers import ProviderConfig
from savant.runtime.llm.wires import CallDraft, Draft, decode, sent_arguments, sent_id, split_system

VERSION = "2023-06-01"
ANSWER = "answer"  # the tool a model is made to call where its answer must fit a schema
_DEFAULT_MAX_TOKENS = 8192
_CACHED = {"cache_control": {"type": "ephemeral"}}
_STOPS: dict[str, StopReason] = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}
Blocks = list[dict[str, Any]]


class AnthropicWire:
    """`POST /messages`, streamed. What does not change between the steps of an agent is marked for the cache."""

    path = "/messages"

    def headers(self, provider: ProviderConfig) -> dict[str, str]:
        headers = {"anthropic-version": VERSION}
        return headers | ({"x-api-key": provider.api_key} if provider.api_key else {})

    def payload(self, provider: ProviderConfig, model: str, request: ModelRequest) -> dict[str, Any]:
        system, rest = split_system(request.messages)
        payload: dict[str, Any] = {
            "model": model,
            "messages": _messages(rest, keep=bool(request.tools)),
            "max_tokens": request.max_output_tokens or provider.max_output_tokens or _DEFAULT_MAX_TOKENS,
            "stream": True,
        }
        if system:
            payload["system"] = _mark_last([{"type": "text", "text": text} for text in system])
        if request.tools:
            payload["tools"] = _mark_last(
                [
                    {"name": names.to_wire(t.name), "description": t.description, "input_schema": t.input_schema}
                    for t in request.tools
                ]
            )
        if request.temperature is not None:
            payload["temperature"] = min(request.temperature, 1.0)
        if request.response_schema is not None:
            _constrain(payload, provider, request.response_schema)
        return payload

    def answer(self, target: Target, request: ModelRequest) -> AnthropicAnswer:
        return AnthropicAnswer(target, request)

    def model_ids(self, target: Target, body: bytes) -> list[str]:
        return [model.id for model in decode(target, body, _ModelList).data or []]


class AnthropicAnswer:
    """Events of a stream, or one whole message."""

    def __init__(self, target: Target, request: ModelRequest) -> None:
        self.done = False
        self._target = target
        self._draft = Draft(target, request)
        self._calls: dict[int, CallDraft] = {}
        self._usage = _Usage()
        self._forced = request.response_schema is not None
        self._answer: int | None = None

    def feed(self, data: bytes) -> str:
        event = decode(self._target, data, _Event)
        match event.type:
            case "message_start" if event.message:
                self._note(event.message.model, event.message.usage)
            case "content_block_start" if event.content_block:
                return self._open(event.index, event.content_block)
            case "content_block_delta" if event.delta:
                return self._extend(event.index, event.delta)
            case "message_delta" if event.delta:
                self._note("", event.usage)
                self._stop(event.delta.stop_reason)
            case "message_stop":
                self.done = self._draft.complete = True
            case "error":
                raise failures.from_error(self._target, event.error)
            case _:
                pass  # pings, ends of blocks, and what later versions add
        return ""

    def whole(self, data: bytes) -> str:
        message = decode(self._target, data, _Message)
        if message.error:
            raise failures.from_error(self._target, message.error)
        if message.content is None:
            said = failures.excerpt(self._target, data)
            raise failures.bad_response(self._target, f"answered with what no model server says: {said!r}.")
        self._note(message.model, message.usage)
        self._stop(message.stop_reason)
        self.done = self._draft.complete = True
        return "".join([self._open(index, block) for index, block in enumerate(message.content)])

    def response(self) -> ModelResponse:
        return self._draft.response()

    def _note(self, model: str | None, usage: _Usage | None) -> None:
        self._draft.model = model or self._draft.model
        if usage and usage.output_tokens is not None:
            self._usage.update(usage)
            self._draft.usage = self._usage.read()

    def _stop(self, reason: str | None) -> None:
        if not reason:
            return
        stop = _STOPS.get(reason, "end")
        self._draft.stop = "end" if self._answer is not None and stop == "tool_calls" else stop

    def _open(self, index: int, block: _Block) -> str:
        if block.type == "text":
            return self._draft.add(block.text or "")
        if block.type != "tool_use":
            return ""
        if self._forced and block.name == ANSWER:
            self._answer = index
            if self._draft.stop == "tool_calls":
                self._draft.stop = "end"
            return self._draft.add(msgspec.json.encode(block.input).decode() if block.input else "")
        call = CallDraft(block.id, block.name)
        call.given = block.input
        self._calls[index] = call
        self._draft.calls.append(call)
        return ""

    def _extend(self, index: int, delta: _Delta) -> str:
        if delta.type == "text_delta":
            return self._draft.add(delta.text or "")
        if delta.type == "input_json_delta" and delta.partial_json:
            if index == self._answer:
                return self._draft.add(delta.partial_json)
            if index in self._calls:
                self._calls[index].pieces.append(delta.partial_json)
        return ""


def _messages(messages: Sequence[Message], *, keep: bool) -> list[dict[str, Any]]:
    """User and assistant in turn; the answers to one turn's calls must stand together, before any words.

    With `keep`, the end is marked for the cache: an agent's next step sends all of it again.
    """
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if blocks and turns and turns[-1]["role"] == role:
            turns[-1]["content"].extend(blocks)
        elif blocks:
            turns.append({"role": role, "content": blocks})
    for turn in turns:
        turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    if turns and keep:
        _mark_last(turns[-1]["content"])
    return turns


def _blocks(message: Message) -> Blocks:
    if message.role == "tool":
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": sent_id(message.tool_call_id or "")}
        result |= {"content": message.content} if message.content.strip() else {}
        return [result | ({"is_error": True} if message.is_error else {})]
    text: Blocks = [{"type": "text", "text": message.content}] if message.content.strip() else []
    calls: Blocks = [
        {
            "type": "tool_use",
            "id": sent_id(call.id),
            "name": names.to_wire(call.name),
            "input": sent_arguments(call),
        }
        for call in message.tool_calls
    ]
    return text + calls


def _mark_last(blocks: Blocks) -> Blocks:
    blocks[-1] = blocks[-1] | _CACHED
    return blocks


def _constrain(payload: dict[str, Any], provider: ProviderConfig, schema: dict[str, Any]) -> None:
    """By structured outputs where they can say it, by a forced tool where no other is offered, else in words."""
    narrow = schemas.narrowed(schema) if provider.structured == "schema" else None
    if narrow is not None:
        payload["output_config"] = {"format": {"type": "json_schema", "schema": narrow}}
    elif "tools" not in payload and provider.structured in ("schema", "tool"):
        tool = {"name": ANSWER, "description": "Give the answer.", "input_schema": schema}
        payload |= {"tools": [tool], "tool_choice": {"type": "tool", "name": ANSWER}}
    else:
        words: Blocks = [{"type": "text", "text": schemas.asked_in_words(schema)}]
        payload["system"] = [*payload.get("system", []), *words]


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None

    def update(self, later: _Usage) -> None:
        """Counts in a stream are running totals: the last one given is right."""
        for field in self.__struct_fields__:
            value = getattr(later, field)
            if value is not None:
                setattr(self, field, value)

    def read(self) -> Usage:
        read, written = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        return Usage(
            input_tokens=(self.input_tokens or 0) + read + written,
            output_tokens=self.output_tokens or 0,
            cached_tokens=read,
            cache_write_tokens=written,
        )


class _Block(msgspec.Struct):
    type: str
    text: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None


class _Delta(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Message(msgspec.Struct):
    content: list[_Block] | None = None
    model: str | None = None
    usage: _Usage | None = None
    stop_reason: str | None = None
    error: Any = None


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: Any = None


class _Model(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_Model] | None
