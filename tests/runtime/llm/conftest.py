"""A model behind the stub, over each wire, with times short enough for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from savant.runtime.llm.base import LLM, Message, ModelRequest, ToolSchema
from savant.runtime.llm.registry import ModelRegistry
from tests.stubs.models import ModelStub, Reply

KEY = "sk-secret-0123456789"
LOG = ToolSchema(
    name="git.log",
    description="Recent commits.",
    input_schema={
        "type": "object",
        "properties": {"limit": {"type": "integer"}, "path": {"type": "string"}},
        "additionalProperties": False,
    },
)


@dataclass
class Scene:
    """A stub, a registry that knows it as provider `stub`, and a model of it."""

    stub: ModelStub
    registry: ModelRegistry
    model: LLM


Stage = Callable[..., Awaitable[Scene]]


@pytest.fixture(params=["openai", "anthropic"])
def wire(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def stage(wire: str) -> AsyncIterator[Stage]:
    """`scene = await stage(Reply(...), Reply(...), read_timeout=0.2)`: a model over the current wire."""
    async with AsyncExitStack() as stack:

        async def build(*replies: Reply, stub_key: str | None = None, **overrides: Any) -> Scene:
            stub = await stack.enter_async_context(ModelStub(list(replies), key=stub_key))
            fields = {"wire": wire, "base_url": stub.url, "api_key": KEY, "backoff": 0.01} | overrides
            registry = await stack.enter_async_context(ModelRegistry({"stub": fields}))
            return Scene(stub, registry, registry.get("stub/some-model"))

        yield build


def ask(*messages: Message, **fields: Any) -> ModelRequest:
    return ModelRequest(messages=list(messages) or [Message(role="user", content="Hello?")], **fields)
