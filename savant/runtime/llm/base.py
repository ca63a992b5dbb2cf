"""The LLM protocol: what the runtime asks of a model, whoever serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

Role = Literal["system", "user", "assistant", "tool"]
OnDelta = Callable[[str], None]


class ToolCall(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A call the model asks for. `arguments` is the parsed JSON object; `invalid` holds the text if it was none."""

    id: str
    name: str
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    invalid: str | None = None


class Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One message of a conversation; a `tool` message answers the call `tool_call_id`."""

    role: Role
    content: str = ""
    tool_calls: list[ToolCall] = []
    tool_call_id: str | None = None
    is_error: bool = False


class ToolSchema(msgspec.Struct, kw_only=True, frozen=True):
    """A tool as a model sees it; `input_schema` is JSON Schema of an object. Names have dots; wires map them."""

    name: str
    description: str
    input_schema: dict[str, Any]


class ModelRequest(msgspec.Struct, kw_only=True):
    """One call of a model. `response_schema` constrains the answer to JSON of that schema, where supported."""

    messages: list[Message]
    tools: list[ToolSchema] = []
    temperature: float | None = None
    max_output_tokens: int | None = None
    response_schema: dict[str, Any] | None = None
    timeout: float | None = None


class Usage(msgspec.Struct, kw_only=True):
    """Tokens of one call. `cached_tokens` are the part of `input_tokens` served from the provider's cache, and
    `cache_write_tokens` the part written to it; `estimated` says that the server did not count, and we did.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False


# `overflow` is an agent's word for a conversation that the model could not read; no model answers it.
StopReason = Literal["end", "tool_calls", "length", "refused", "overflow"]


class ModelResponse(msgspec.Struct, kw_only=True):
    """The answer. `cost_usd` is None where the price of the model is unknown; `model` is what the provider named."""

    text: str = ""
    tool_calls: list[ToolCall] = []
    usage: Usage = msgspec.field(default_factory=Usage)
    cost_usd: float | None = None
    stop_reason: StopReason = "end"
    model: str = ""


class LLM(Protocol):
    """A model. `id` is `provider/model`.

    `complete` raises SavantError with a MODEL_* code; it retries by itself what is worth retrying, within the
    request's timeout, and never hangs. `on_delta`, if given, receives the text as it arrives.
    """

    @property
    def id(self) -> str: ...

    @property
    def native_tools(self) -> bool:
        """Whether it can be given tools; otherwise the agent uses JSON actions."""
        ...

    @property
    def context_window(self) -> int | None:
        """Tokens it can read, if known."""
        ...

    @property
    def max_output_tokens(self) -> int | None:
        """Tokens it answers at most where the request does not say, if that is set."""
        ...

    def cost(self, usage: Usage) -> float | None:
        """US dollars of a call with this usage; None where the price is unknown."""
        ...

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse: ...


class Models(Protocol):
    """Where the runtime finds a model by its id (`provider/model`); raises MODEL_NOT_CONFIGURED with what to do."""

    def get(self, model_id: str) -> LLM: ...

    async def aclose(self) -> None: ...
