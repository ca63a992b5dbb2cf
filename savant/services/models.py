"""Models of language: which can be used from here, which one a run uses, and whether one answers."""

from __future__ import annotations

import asyncio
import os

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm.providers import ProviderConfig, resolve, unknown
from savant.runtime.llm.registry import ModelRegistry
from savant.schemas.models import Model, ModelTest, Provider
from savant.schemas.programs import Bundle, ModelFacts, Program
from savant.settings import Settings

HOW_TO_GET_ONE = (
    "Set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, install `savant[local]`, or name one with --model. "
    "`savant doctor` shows what was tried."
)


def registry(settings: Settings) -> ModelRegistry:
    """The models the settings reach, with keys from the settings or the environment.

    On a server people name none by a path, unless its operator lets them; what the operator named is for all.
    """
    limited = settings.serves and not settings.server.models_by_path
    named = [id for id in (settings.model, settings.slm_model, settings.embeddings) if id is not None]
    return ModelRegistry(_configs(settings), by_path=named if limited else None)


def _configs(settings: Settings) -> dict[str, ProviderConfig]:
    configs = resolve({name: provider.given() for name, provider in settings.providers.items()})
    for config in configs.values():
        if config.api_key is None and config.api_key_env:
            config.api_key = os.environ.get(config.api_key_env) or None
        config.timeout = settings.model_timeout
        config.attempts = settings.retries + 1
    return configs


async def choose(settings: Settings, bundle: Bundle, override: str | None) -> dict[str, str]:
    """The model of each agent of a program: the run's own, else the agent's, else the default, else the first found.

    Raises MODEL_NOT_CONFIGURED for a model that cannot be asked, before anything runs.
    """
    models = registry(settings)
    try:
        chosen: dict[str, str] = {}
        fallback: str | None = None
        for slug, agent in bundle.agents.items():
            model = override or agent.config.llm_model
            if model is None:
                fallback = fallback or await _first(settings, models)
                model = fallback
            if model is None:
                raise SavantError(
                    ErrorCode.MODEL_NOT_CONFIGURED, f"There is no model for agent `{slug}`.", hint=HOW_TO_GET_ONE
                )
            models.get(model)
            chosen[slug] = model
        return chosen
    finally:
        await models.aclose()


def small(settings: Settings, bundle: Bundle) -> dict[str, str]:
    """The small model of each agent that has one: its own, or that of the settings."""
    own = {slug: agent.config.slm_model or settings.slm_model for slug, agent in bundle.agents.items()}
    return {slug: model for slug, model in own.items() if model is not None}


async def facts(settings: Settings, program: Program) -> dict[str, ModelFacts]:
    """What of each model of a program decides how its agents talk to it."""
    models = registry(settings)
    try:
        found = {id: models.get(id) for id in {*program.models.values(), *program.small_models.values()}}
        return {
            id: ModelFacts(native_tools=model.native_tools, context_window=model.context_window)
            for id, model in found.items()
        }
    finally:
        await models.aclose()


async def first(settings: Settings) -> str | None:
    """The model a run uses when nothing names one."""
    models = registry(settings)
    try:
        return await _first(settings, models)
    finally:
        await models.aclose()


async def _first(settings: Settings, models: ModelRegistry) -> str | None:
    if settings.model is not None:
        return settings.model
    ready = [name for name in models.providers if _missing(models, name) is None]
    probes = await asyncio.gather(*(models.probe(name) for name in ready))
    return next((probe.model for probe in probes if probe.ok), None)


async def providers(settings: Settings, name: str | None = None, probe: bool = True) -> list[Provider]:
    """Every provider, or one, and what it offers; with `probe`, whether it answers."""
    models = registry(settings)
    try:
        names = [name] if name else list(models.providers)
        return list(await asyncio.gather(*(_described(models, one, probe) for one in names)))
    finally:
        await models.aclose()


async def _described(models: ModelRegistry, name: str, probe: bool) -> Provider:
    missing = _missing(models, name)
    config = models.providers[name]
    described = Provider(
        name=name, wire=config.wire, base_url=_without_person(config.base_url) or None, configured=missing is None,
        reason=str(missing) if missing else None,
    )  # fmt: skip
    if probe and missing is None:
        found = await models.probe(name)
        described.reachable = found.ok
        described.reason = found.error
        described.models = [Model(id=id, provider=name) for id in found.models]
    return described


def _without_person(url: str) -> str:
    """An address without the name and password in it."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}"


def _missing(models: ModelRegistry, name: str) -> SavantError | None:
    """What a provider needs before it can be asked at all; raises for one that does not exist."""
    if name not in models.providers:
        raise unknown(name, models.providers)
    try:
        models.providers[name].check()
    except SavantError as error:
        return error
    return None


async def test(settings: Settings, id: str) -> ModelTest:
    """Ask the model something small, streaming and with a tool."""
    models = registry(settings)
    try:
        found = await models.test(id)
    finally:
        await models.aclose()
    return ModelTest(
        id=id, ok=found.ok, latency_ms=found.latency_ms, streaming=found.streaming, tool_calls=found.tool_call,
        text=found.text, input_tokens=found.usage.input_tokens, output_tokens=found.usage.output_tokens,
        cost_usd=found.cost_usd, error_code=found.error_code.value if found.error_code else None,
        error_message=" ".join(filter(None, (found.error, found.hint))) or None,
    )  # fmt: skip
