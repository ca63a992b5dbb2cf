"""What is measured, in the form that Prometheus reads. Nothing is measured before `enable`."""

from __future__ import annotations

import os
from typing import Any

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_made: dict[str, Any] = {}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def enable() -> None:
    """Begin to measure in this process; with PROMETHEUS_MULTIPROC_DIR, together with its siblings."""
    if _made:
        return
    from prometheus_client import Counter, Gauge, Histogram

    _made.update(
        requests=Histogram(
            "savant_http_request_seconds", "Time to the end of an answer.", ["method", "route", "status"],
            buckets=_SECONDS,
        ),
        failures=Counter("savant_http_failures_total", "Answers that are a fault of the server.", ["route"]),
        limited=Counter("savant_http_limited_total", "Requests over a limit.", ["limit"]),
        queries=Histogram("savant_database_query_seconds", "Time of a statement.", ["kind"], buckets=_SECONDS),
        pool=Gauge("savant_database_connections", "Connections of the pool.", ["state"], multiprocess_mode="livesum"),
        runs=Counter("savant_runs_ended_total", "Runs that a worker carried out.", ["status"]),
        jobs=Gauge("savant_jobs", "Jobs in the queue.", ["status"], multiprocess_mode="mostrecent"),
        oldest=Gauge("savant_jobs_oldest_seconds", "Age of the oldest job to do.", multiprocess_mode="mostrecent"),
    )  # fmt: skip


def enabled() -> bool:
    return bool(_made)


def took(name: str, seconds: float, **labels: str) -> None:
    """One observation of a histogram."""
    if _made:
        _made[name].labels(**labels).observe(seconds)


def count(name: str, **labels: str) -> None:
    if _made:
        _made[name].labels(**labels).inc()


def gauge(name: str, value: float, **labels: str) -> None:
    if _made:
        (_made[name].labels(**labels) if labels else _made[name]).set(value)


def exposition() -> bytes:
    """Everything measured so far, of all processes of this server."""
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
