"""Providers of models: what differs between them, as data; the ones everybody has are built in."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm.failures import Target

Wire = Literal["openai", "anthropic", "scripted", "local"]
Structured = Literal["schema", "object", "tool", "none"]


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds: to connect, and between two pieces of an answer (also before the first)."""

    connect: float
    read: float


class ProviderConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One provider. Values are handed in; nothing here reads settings or the environment.

    `api_key_env` only names the variable in messages. `structured` is how an answer is held to a schema: by the
    wire's own JSON Schema, as any JSON object, by a forced tool, or not at all. `free` says that a call costs
    nothing; `price_as` is the provider's name in the price table. Times are in seconds; `timeout` is for a whole
    call with its retries, unless the request sets its own. `threads` are those of a local model, half of the
    processor's unless given.
    """

    name: str
    wire: Wire
    base_url: str = ""
    api_key: str | None = None
    api_key_env: str | None = None
    needs_key: bool = False
    headers: dict[str, str] = {}
    native_tools: bool = True
    structured: Structured = "schema"
    context_window: int | None = None
    max_output_tokens: int | None = None
    max_tokens_field: str = "max_tokens"
    stream_usage: bool = True
    free: bool = False
    price_as: str | None = None
    default_model: str | None = None
    start_hint: str | None = None
    threads: int | None = None
    attempts: int = 3
    backoff: float = 0.5
    timeout: float = 120.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0

    def __post_init__(self) -> None:
        self.base_url = self.base_url.rstrip("/")
        self.api_key = (self.api_key or "").strip() or None

    def __repr__(self) -> str:
        return f"ProviderConfig(name={self.name!r}, wire={self.wire!r}, host={self.host!r})"

    @property
    def host(self) -> str:
        """Host and port of the base URL, without any user or password in it."""
        return _split(self.base_url).netloc.rpartition("@")[2] or self.name

    @property
    def key_hint(self) -> str:
        where = f"Set {self.api_key_env}" if self.api_key_env else "Set its api_key"
        return f"{where} to a valid key of {self.name}, or choose a model of another provider."

    @property
    def timeouts(self) -> Timeouts:
        return Timeouts(connect=self.connect_timeout, read=self.read_timeout)

    def target(self, model: str) -> Target:
        """Who is asked, for messages; a dummy key of a few letters is no secret and may be a word of them."""
        secrets = [self.api_key or "", *self.headers.values()]
        known = tuple(secret for secret in secrets if len(secret) >= 8)
        named = f"{self.name}/{model}" if model else f"Provider {self.name}"
        target = Target(model=named, host=self.host, secrets=known, key_hint=self.key_hint)
        return msgspec.structs.replace(target, start_hint=self.start_hint) if self.start_hint else target

    def check(self) -> None:
        """Raise MODEL_NOT_CONFIGURED if nothing could be asked: no key, no usable key, no base URL."""
        if self.needs_key and not self.api_key:
            raise _not_configured(f"Provider {self.name} has no API key.", self.key_hint)
        if self.api_key and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise _not_configured(f"The API key of {self.name} has characters no key has.", self.key_hint)
        if self.wire in ("openai", "anthropic") and _split(self.base_url).scheme not in ("http", "https"):
            message = f"Provider {self.name} has no usable base URL ({self.base_url or 'none'!r})."
            raise _not_configured(message, "Set base_url to the address its API has, such as https://host/v1.")


def resolve(given: Mapping[str, ProviderConfig | Mapping[str, Any]]) -> dict[str, ProviderConfig]:
    """The built-in providers with what is given laid over them by name; raises INVALID_CONFIG."""
    providers = {name: _config(name, fields) for name, fields in _BUILT_IN.items()}
    for name, value in given.items():
        if isinstance(value, ProviderConfig):
            providers[name] = value
        else:
            providers[name] = _config(name, {**_BUILT_IN.get(name, {}), **value})
    return providers


def unknown(name: str, providers: Mapping[str, ProviderConfig]) -> SavantError:
    near = difflib.get_close_matches(name, providers, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(providers))}."
    return _not_configured(f"There is no provider {name!r} of models.", hint)


def _split(url: str) -> SplitResult:
    """The parts of a URL; all empty if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # only looking at it tells whether it is one
    except ValueError:
        return urlsplit("")
    return parts if parts.hostname else urlsplit("")


def _not_configured(message: str, hint: str) -> SavantError:
    return SavantError(ErrorCode.MODEL_NOT_CONFIGURED, message, hint=hint)


def _config(name: str, fields: Mapping[str, Any]) -> ProviderConfig:
    try:
        return msgspec.convert({**fields, "name": name}, ProviderConfig)
    except msgspec.ValidationError as error:
        hint = "A provider of your own needs at least `wire` (openai or anthropic) and `base_url`."
        raise SavantError(ErrorCode.INVALID_CONFIG, f"Provider {name}: {error}.", hint=hint) from None


def _hosted(base_url: str, key_env: str, default_model: str, **more: Any) -> dict[str, Any]:
    return {
        "wire": "openai",
        "base_url": base_url,
        "api_key_env": key_env,
        "needs_key": True,
        "default_model": default_model,
        **more,
    }


def _own(base_url: str, start: str) -> dict[str, Any]:
    """A server on one's own machine: free, without a key, and slower to begin its answer."""
    hint = f"{start}, or choose another model with `--model`."
    return {"wire": "openai", "base_url": base_url, "free": True, "read_timeout": 120.0, "start_hint": hint}


_BUILT_IN: dict[str, dict[str, Any]] = {
    "openai": _hosted(
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        "gpt-5-mini",
        max_tokens_field="max_completion_tokens",
        price_as="openai",
    ),
    "anthropic": _hosted(
        "https://api.anthropic.com/v1",
        "ANTHROPIC_API_KEY",
        "claude-haiku-4-5",
        wire="anthropic",
        max_output_tokens=8192,
        price_as="anthropic",
    ),
    "gemini": _hosted(
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        "gemini-2.5-flash",
        price_as="google",
    ),
    "openrouter": _hosted(
        "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "openai/gpt-5-mini", price_as="openrouter"
    ),
    "mistral": _hosted(
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        "mistral-small-latest",
        stream_usage=False,
        price_as="mistral",
    ),
    "groq": _hosted("https://api.groq.com/openai/v1", "GROQ_API_KEY", "openai/gpt-oss-20b", price_as="groq"),
    "deepseek": _hosted(
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        "deepseek-chat",
        structured="object",
        price_as="deepseek",
    ),
    "ollama": _own("http://localhost:11434/v1", "Start it with `ollama serve`"),
    "vllm": _own("http://localhost:8000/v1", "Start it with `vllm serve MODEL`"),
    "lmstudio": _own("http://localhost:1234/v1", "Start its server with `lms server start`"),
    "local": {
        "wire": "local",
        "native_tools": False,
        "free": True,
        "context_window": 8192,
        "max_output_tokens": 1024,
        "read_timeout": 120.0,
        "default_model": "smollm2",
    },
    "scripted": {"wire": "scripted", "free": True},
}
