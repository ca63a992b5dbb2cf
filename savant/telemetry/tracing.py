"""OpenTelemetry, from a request to the call of a model; where nothing is to be sent, a span costs one look."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

_tracer: Any = None


def enable(endpoint: str, service: str) -> None:
    """Send spans to a collector that speaks OTLP over HTTP."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    enable_with(BatchSpanProcessor(OTLPSpanExporter(endpoint.rstrip("/") + "/v1/traces")), service)


def enable_with(processor: Any, service: str) -> None:
    """Give spans to a processor."""
    global _tracer
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("savant")


@contextmanager
def span(name: str, parent: Mapping[str, str] | None = None, /, **attributes: Any) -> Generator[Any, None, None]:
    """Some work, as part of what surrounds it, or of what a `traceparent` of elsewhere says."""
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract(parent) if parent else None
    given = {key: value for key, value in attributes.items() if value is not None}
    with _tracer.start_as_current_span(name, context=context, attributes=given) as current:
        yield current


def here() -> dict[str, str]:
    """The `traceparent` of the span around this, for what goes on in another process; empty without one."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(carrier)
    return carrier
