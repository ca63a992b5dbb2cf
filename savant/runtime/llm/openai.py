"""The wire of OpenAI's chat completions, as a dozen providers and local servers speak it."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.runtime.llm import failures, names, schemas
from savant.runtime.llm.base import Message, ModelRequest, ModelResponse, StopReason, Usage
from savant.runtime.llm.failures import Target
from savant.runtime.llm.providers import ProviderConfig
from savant.runtime.llm.wires import CallDraft, Draft, decode, sent_arguments, sent_id

_STOPS: dict[str, StopReason] = {
    "stop": "end",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "content_filter": "refused",
}


class OpenAIWire:
    """`POST /chat/completions`, streamed."""

    path = "/chat/completions"

    def headers(self, provider: ProviderConfig) -> dict[str, str]:
        return {"authorization": f"Bearer {provider.api_key}"} if provider.api_key else {}

    def payload(self, provider: ProviderConfig, model: str, request: ModelRequest) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "model": model,
            "messages": [_message(message) for message in request.messages],
            "stream": True,
        }
        if provider.stream_usage:
            payload["stream_options"] = {"include_usage": True}
        if request.tools:
            payload["tools"] = [_tool(tool.name, tool.description, tool.input_schema) for tool in request.tools]
        if request.temperature is not None:
            payload["temperature"] = request.temperature
        if limit := request.max_output_tokens or provider.max_output_tokens:
            payload[provider.max_tokens_field] = limit
        if request.response_schema is not None:
            _constrain(payload, provider, request.response_schema)
        return payload

    def answer(self, target: Target, request: ModelRequest) -> OpenAIAnswer:
        return OpenAIAnswer(target, request)

    def model_ids(self, target: Target, body: bytes) -> list[str]:
        return [model.id for model in decode(target, body, _ModelList).data or []]


class OpenAIAnswer:
    """Chunks with deltas, or one whole completion from a server that does not stream."""

    def __init__(self, target: Target, request: ModelRequest) -> None:
        self.done = False
        self._target = target
        self._draft = Draft(target, request)
        self._by_index: dict[int, CallDraft] = {}

    def feed(self, data: bytes) -> str:
        if data.strip() == b"[DONE]":
            self.done = self._draft.complete = True
            return ""
        chunk = decode(self._target, data, _Completion)
        self._note(chunk)
        return "".join([self._take(choice, choice.delta or choice.message) for choice in chunk.choices or []])

    def whole(self, data: bytes) -> str:
        completion = decode(self._target, data, _Completion)
        self._note(completion)
        if not completion.choices:
            said = failures.excerpt(self._target, data)
            raise failures.bad_response(self._target, f"answered with what no model server says: {said!r}.")
        self.done = self._draft.complete = True
        return self._take(completion.choices[0], completion.choices[0].message)

    def response(self) -> ModelResponse:
        return self._draft.response()

    def _note(self, chunk: _Completion) -> None:
        if chunk.error:
            raise failures.from_error(self._target, chunk.error)
        self._draft.model = chunk.model or self._draft.model
        if chunk.usage and chunk.usage.prompt_tokens is not None:
            self._draft.usage = chunk.usage.read()

    def _take(self, choice: _Choice, said: _Said | None) -> str:
        if choice.finish_reason:
            self._draft.stop = _STOPS.get(choice.finish_reason, "end")
        if said is None:
            return ""
        for call in said.tool_calls or []:
            self._take_call(call)
        if said.refusal:
            self._draft.stop = "refused"
        return self._draft.add(_text(said.content) + (said.refusal or ""))

    def _take_call(self, piece: _Call) -> None:
        draft = self._draft_for(piece)
        function = piece.function or _Function()
        draft.name = draft.name or function.name
        if isinstance(function.arguments, dict):
            draft.given = function.arguments
        elif function.arguments:
            draft.pieces.append(function.arguments)

    def _draft_for(self, piece: _Call) -> CallDraft:
        """The call a piece belongs to: by index, unless a new id says that the server numbers every call 0."""
        calls = self._draft.calls
        known = self._by_index.get(piece.index) if piece.index is not None else (calls[-1] if calls else None)
        if known is not None and (not piece.id or known.id in (None, piece.id)):
            known.id = known.id or piece.id
            return known
        draft = CallDraft(piece.id or None, None)
        calls.append(draft)
        if piece.index is not None:
            self._by_index[piece.index] = draft
        return draft


def _message(message: Message) -> dict[str, Any]:
    match message.role:
        case "tool":
            return {
                "role": "tool",
                "tool_call_id": sent_id(message.tool_call_id or ""),
                "content": message.content,
            }
        case "assistant" if message.tool_calls:
            calls = [
                {
                    "id": sent_id(call.id),
                    "type": "function",
                    "function": {
                        "name": names.to_wire(call.name),
                        "arguments": msgspec.json.encode(sent_arguments(call)).decode(),
                    },
                }
                for call in message.tool_calls
            ]
            return {"role": "assistant", "content": message.content or None, "tool_calls": calls}
        case _:
            return {"role": message.role, "content": message.content}


def _tool(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    function = {"name": names.to_wire(name), "description": description, "parameters": schema}
    return {"type": "function", "function": function}


def _constrain(payload: dict[str, Any], provider: ProviderConfig, schema: dict[str, Any]) -> None:
    if provider.structured == "schema":
        named = {"name": "answer", "schema": schema, "strict": schemas.is_strict(schema)}
        payload["response_format"] = {"type": "json_schema", "json_schema": named}
        return
    # The model has to be told what the server cannot hold it to.
    payload["messages"].append({"role": "system", "content": schemas.asked_in_words(schema)})
    if provider.structured == "object":
        payload["response_format"] = {"type": "json_object"}


def _text(content: str | list[Any] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(part for part in parts if isinstance(part, str))


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Said(msgspec.Struct):
    content: str | list[Any] | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    prompt_cache_hit_tokens: int | None = None

    def read(self) -> Usage:
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None
        return Usage(
            input_tokens=self.prompt_tokens or 0,
            output_tokens=self.completion_tokens or 0,
            cached_tokens=cached or self.prompt_cache_hit_tokens or 0,
        )


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    error: Any = None


class _Model(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_Model] | None
