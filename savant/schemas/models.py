"""Models of language as a person sees them: what is configured, and whether it answers."""

from __future__ import annotations

from savant.schemas.base import Schema


class Model(Schema):
    """A model that a configured provider offers; `id` is `provider/model`."""

    id: str
    provider: str
    context_window: int | None = None
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None


class Provider(Schema):
    """A provider and whether it can be used now; `reason` says what is missing."""

    name: str
    wire: str
    base_url: str | None
    configured: bool
    reachable: bool | None = None
    reason: str | None = None
    models: list[Model] = []


class ModelTest(Schema):
    """What a live test of a model found; `error_code` is None when all is well."""

    id: str
    ok: bool
    latency_ms: int | None = None
    streaming: bool | None = None
    tool_calls: bool | None = None
    text: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    error_code: str | None = None
    error_message: str | None = None
