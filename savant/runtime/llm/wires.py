"""What a wire is: the difference between one provider's HTTP API and another's, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from savant import clock
from savant.runtime.llm import failures, names
from savant.runtime.llm.base import Message, ModelRequest, ModelResponse, StopReason, ToolCall, Usage
from savant.runtime.llm.failures import Target
from savant.runtime.llm.providers import ProviderConfig

T = TypeVar("T")


class Answer(Protocol):
    """An answer being put together. `done` is true once the server has said that it is complete."""

    done: bool

    def feed(self, data: bytes) -> str:
        """Take one event of a stream; return the text it adds. Raises ModelFailure."""
        ...

    def whole(self, data: bytes) -> str:
        """Take an answer that was not streamed; return its text. Raises ModelFailure."""
        ...

    def response(self) -> ModelResponse:
        """The complete answer; raises ModelFailure(MODEL_BAD_RESPONSE) if it was cut off or is empty."""
        ...


class Wire(Protocol):
    """One HTTP API of models."""

    path: str

    def headers(self, provider: ProviderConfig) -> dict[str, str]: ...

    def payload(self, provider: ProviderConfig, model: str, request: ModelRequest) -> dict[str, Any]: ...

    def answer(self, target: Target, request: ModelRequest) -> Answer: ...

    def model_ids(self, target: Target, body: bytes) -> list[str]: ...


class Draft:
    """What both wires collect on the way to a ModelResponse."""

    def __init__(self, target: Target, request: ModelRequest) -> None:
        self.target = target
        self.known = [tool.name for tool in request.tools]
        self.prompt_size = sum(len(message.content) for message in request.messages)
        self.texts: list[str] = []
        self.calls: list[CallDraft] = []
        self.usage: Usage | None = None
        self.stop: StopReason | None = None
        self.model = ""
        self.complete = False

    def add(self, text: str) -> str:
        if text:
            self.texts.append(text)
        return text

    def response(self) -> ModelResponse:
        if not (self.complete or self.stop):
            what = "stopped in the middle of its answer, without saying that it was done."
            raise failures.bad_response(self.target, what, retry=True, hint="Try again.")
        text = "".join(self.texts)
        calls = [call.build(self.known) for call in self.calls]
        stop: StopReason = self.stop or "end"
        if not text and not calls and stop not in ("length", "refused"):
            what = "gave an empty answer."
            raise failures.bad_response(self.target, what, retry=True, hint="Try again, or another model.")
        if calls and stop == "end":
            stop = "tool_calls"
        usage = self.usage or self._estimate(text, calls)
        return ModelResponse(text=text, tool_calls=calls, usage=usage, stop_reason=stop, model=self.model)

    def _estimate(self, text: str, calls: Sequence[ToolCall]) -> Usage:
        """Four characters a token: a server that does not count must not look free to a budget."""
        written = len(text) + sum(len(str(call.arguments)) for call in calls)
        return Usage(input_tokens=max(1, self.prompt_size // 4), output_tokens=max(1, written // 4), estimated=True)


class CallDraft:
    """A tool call as its pieces arrive: text of JSON, or an object where the server sent one."""

    def __init__(self, id: str | None, name: str | None) -> None:
        self.id = id
        self.name = name
        self.pieces: list[str] = []
        self.given: dict[str, Any] | None = None

    def build(self, known: Sequence[str]) -> ToolCall:
        name = names.from_wire(self.name or "", known)
        call = ToolCall(id=self.id or f"call_{clock.token(8)}", name=name)
        if self.given is not None and not self.pieces:
            call.arguments = self.given
            return call
        text = "".join(self.pieces).strip()
        if not text:
            return call
        try:
            call.arguments = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            call.invalid = text
        return call


def decode(target: Target, data: bytes, type: type[T]) -> T:
    """One JSON value of the wire; raises MODEL_BAD_RESPONSE with the beginning of what came instead."""
    try:
        return msgspec.json.decode(data, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = failures.excerpt(target, data)
        raise failures.bad_response(target, f"answered with what no model server says: {said!r}.") from None


def sent_arguments(call: ToolCall) -> dict[str, Any]:
    """Arguments of an earlier call, as an object even if they were none: servers parse them again."""
    return {"invalid_json": call.invalid} if call.invalid is not None else call.arguments


def sent_id(id: str) -> str:
    """An id of an earlier call in the letters every provider takes; it may have come from another one."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", id)


def split_system(messages: Sequence[Message]) -> tuple[list[str], list[Message]]:
    """The system messages a conversation begins with, and the rest of it."""
    count = next((i for i, message in enumerate(messages) if message.role != "system"), len(messages))
    return [m.content for m in messages[:count] if m.content.strip()], list(messages[count:])
