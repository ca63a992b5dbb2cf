"""Where models are found by their id, `provider/model`; asked what they are, and whether they work."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.runtime.llm import local, providers
from savant.runtime.llm.anthropic import AnthropicWire
from savant.runtime.llm.base import LLM, Message, ModelRequest, ToolSchema, Usage
from savant.runtime.llm.embeddings import Embedder
from savant.runtime.llm.local import LocalModel
from savant.runtime.llm.openai import OpenAIWire
from savant.runtime.llm.providers import ProviderConfig
from savant.runtime.llm.remote import RemoteModel
from savant.runtime.llm.scripted import ScriptedModel
from savant.runtime.llm.wires import Wire

if TYPE_CHECKING:
    from savant.runtime.llm.http import Http

PROBE_SECONDS = 2.0
TEST_SECONDS = 60.0
_WIRES: dict[str, Wire] = {"openai": OpenAIWire(), "anthropic": AnthropicWire()}
_OF_FILES = frozenset({"scripted", "local"})
"""Wires whose models are named by a path."""
Model = RemoteModel | LocalModel | ScriptedModel


class Probe(msgspec.Struct, kw_only=True):
    """Whether a provider can be used now; `model` is the id to use if nothing else is said."""

    provider: str
    ok: bool
    model: str | None = None
    models: list[str] = []
    error_code: ErrorCode | None = None
    error: str | None = None
    hint: str | None = None


class ModelTest(msgspec.Struct, kw_only=True):
    """What a model did when tried. `tool_call` is None where it is not given tools natively."""

    model: str
    ok: bool
    latency_ms: int
    text: str = ""
    streaming: bool = False
    tool_call: bool | None = None
    usage: Usage = msgspec.field(default_factory=Usage)
    cost_usd: float | None = None
    error_code: ErrorCode | None = None
    error: str | None = None
    hint: str | None = None


class ModelRegistry:
    """Implements Models. `given` lays over the built-in providers by name; paths are relative to `root`.

    With `by_path` no other models may be named by a path of this machine than these.
    """

    def __init__(
        self,
        given: Mapping[str, ProviderConfig | Mapping[str, Any]] | None = None,
        *,
        root: Path | None = None,
        by_path: Collection[str] | None = None,
    ) -> None:
        self.providers = providers.resolve(given or {})
        self._root = root or Path()
        self._by_path = by_path
        self._http: Http | None = None
        self._models: dict[str, Model] = {}

    def add(self, model_id: str, model: ScriptedModel) -> None:
        """Put a model made in Python under an id."""
        self._models[model_id] = model

    def get(self, model_id: str) -> LLM:
        """The model; raises MODEL_NOT_CONFIGURED for an id, a provider or a key that is missing."""
        return self._get(model_id)

    def cost(self, model_id: str, usage: Usage) -> float | None:
        """US dollars of a call with this usage; None where the price is unknown."""
        return self._get(model_id).cost(usage)

    async def list_models(self, provider: str) -> list[str]:
        """Ids of the models a provider offers; raises as `get` and `complete` do."""
        config = self._provider(provider)
        if config.wire == "local":
            return [f"{provider}/{name}" for name in local.available()]
        if config.wire == "scripted":
            return sorted(id for id in self._models if id.startswith(f"{provider}/"))
        config.check()
        names = await self._remote(config, "").list_models()
        return [f"{provider}/{name.removeprefix('models/')}" for name in names]

    async def probe(self, provider: str, timeout: float = PROBE_SECONDS) -> Probe:
        """Ask a provider for its models, briefly; never raises for what is wrong with it."""
        try:
            async with asyncio.timeout(timeout):
                models = await self.list_models(provider)
        except TimeoutError:
            message = f"Provider {provider} did not answer within {timeout:g} s."
            return Probe(provider=provider, ok=False, error_code=ErrorCode.MODEL_TIMEOUT, error=message)
        except SavantError as error:
            return Probe(provider=provider, ok=False, error_code=error.code, error=error.message, hint=error.hint)
        preferred = f"{provider}/{self._provider(provider).default_model}"
        model = preferred if preferred in models else next(iter(models), None)
        return Probe(provider=provider, ok=model is not None, model=model, models=models)

    async def test(self, model_id: str, timeout: float = TEST_SECONDS) -> ModelTest:
        """Try a model: a short answer, streamed, and a tool call if it takes tools; never raises for a failure."""
        began = clock.monotonic()
        test = ModelTest(model=model_id, ok=False, latency_ms=0)
        try:
            model = self.get(model_id)
            await _try_text(model, test, timeout)
            test.latency_ms = round((clock.monotonic() - began) * 1000)
            if model.native_tools:
                await _try_tool(model, test, timeout)
            test.ok = True
        except SavantError as error:
            test.error_code, test.error, test.hint = error.code, error.message, error.hint
            test.latency_ms = test.latency_ms or round((clock.monotonic() - began) * 1000)
        return test

    async def aclose(self) -> None:
        """Close connections and stop local servers."""
        for model in self._models.values():
            if isinstance(model, LocalModel):
                await model.aclose()
        if self._http is not None:
            await self._http.aclose()

    async def __aenter__(self) -> ModelRegistry:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _get(self, model_id: str) -> Model:
        if model_id not in self._models:
            self._models[model_id] = self._make(model_id)
        return self._models[model_id]

    def _make(self, model_id: str) -> Model:
        provider, _, name = model_id.partition("/")
        if not name:
            message = f"{model_id!r} is no model id: a model is named provider/model."
            hint = "For example anthropic/claude-haiku-4-5 or ollama/llama3.2; `savant models list` shows more."
            raise SavantError(ErrorCode.MODEL_NOT_CONFIGURED, message, hint=hint)
        config = self._provider(provider)
        config.check()
        if config.wire in _OF_FILES:
            self._refuse_path(model_id, name)
        if config.wire == "scripted":
            return ScriptedModel.from_file(self._root / name, model_id)
        if config.wire == "local":
            return LocalModel(config, name, self._root, self._connections())
        return self._remote(config, name)

    def _refuse_path(self, model_id: str, name: str) -> None:
        """Raise FORBIDDEN before anything is looked at: not even whether the file is there is to be told."""
        if self._by_path is None or name == local.SMOLLM2 or model_id in self._by_path:
            return
        message = f"`{model_id}` names a model by a path, which on a server would be one of its own machine."
        hint = "Name a model of a provider; who runs the server may set `server.models_by_path`."
        raise SavantError(ErrorCode.FORBIDDEN, message, hint=hint)

    def embedder(self, model_id: str) -> Embedder:
        """A model of embeddings, `provider/model`; raises MODEL_NOT_CONFIGURED for one that cannot be asked."""
        provider, _, name = model_id.partition("/")
        config = self._provider(provider)
        config.check()
        if config.wire != "openai" or not name:
            message = f"{model_id!r} is no model of embeddings."
            hint = "Name a model of a provider that speaks OpenAI's API, such as openai/text-embedding-3-small."
            raise SavantError(ErrorCode.MODEL_NOT_CONFIGURED, message, hint=hint)
        return Embedder(config, name, _WIRES[config.wire], self._connections())

    def _remote(self, config: ProviderConfig, name: str) -> RemoteModel:
        return RemoteModel(config, name, _WIRES[config.wire], self._connections())

    def _connections(self) -> Http:
        """Made at the first model that needs them: a scripted run, and a list of names, load no HTTP."""
        if self._http is None:
            from savant.runtime.llm.http import Http

            self._http = Http()
        return self._http

    def _provider(self, name: str) -> ProviderConfig:
        if name not in self.providers:
            raise providers.unknown(name, self.providers)
        return self.providers[name]


async def _try_text(model: LLM, test: ModelTest, timeout: float) -> None:
    pieces: list[str] = []
    ask = [Message(role="user", content="Count from one to five in words.")]
    request = ModelRequest(messages=ask, max_output_tokens=512, timeout=timeout)
    response = await model.complete(request, pieces.append)
    test.text, test.usage, test.cost_usd = response.text, response.usage, response.cost_usd
    test.streaming = len(pieces) > 1


async def _try_tool(model: LLM, test: ModelTest, timeout: float) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = ToolSchema(name="test.weather", description="The weather in a city.", input_schema=schema)
    ask = [Message(role="user", content="What is the weather in Oslo? Use the tool.")]
    request = ModelRequest(messages=ask, tools=[tool], max_output_tokens=512, timeout=timeout)
    response = await model.complete(request)
    test.tool_call = any(call.name == tool.name for call in response.tool_calls)
