"""Every request is measured, logged with its number, and traced; the outermost layer of the server."""

from __future__ import annotations

import logging
from typing import Any

from savant import clock
from savant.server.requests import request_id
from savant.telemetry import logs, metrics, tracing

logger = logging.getLogger("savant.requests")
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class Watched:
    """An ASGI application that tells what it is asked and how it answers."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status, began = 0, clock.monotonic()

        async def noted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"}
        id, method = request_id(scope), scope.get("method", "WS")
        with logs.about(request_id=id), tracing.span("request", parent, method=method, request_id=id) as span:
            try:
                await self._app(scope, receive, noted)
            finally:
                _tell(scope, method, status, clock.monotonic() - began, span)


def _tell(scope: Any, method: str, status: int, seconds: float, span: Any) -> None:
    route = scope.get("path_template") or "none"
    metrics.took("requests", seconds, method=method, route=route, status=str(status))
    if status >= 500:
        metrics.count("failures", route=route)
    if span is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("status", status)
    if scope["path"] not in QUIET:
        told = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        logger.info("request", extra=told)
