"""For whoever keeps the server: whether it lives, whether it can work, and what it measured."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get

from savant.errors import DatabaseUnusable, SavantError
from savant.server.auth import OPEN, opened
from savant.server.envelope import JSON
from savant.server.failures import without_reason
from savant.server.limits import UNCOUNTED
from savant.server.openapi import DESCRIBED
from savant.services import installations
from savant.telemetry import metrics

ASIDE: dict[str, Any] = {OPEN: True, UNCOUNTED: True}
READY_SECONDS = 5.0
TEXT = "text/plain"


def _says(name: str, summary: str, media: str, statuses: dict[str, str]) -> dict[str, Any]:
    """The description of one of these, for the API's."""
    content = {media: {"schema": {"type": "string" if media == TEXT else "object"}}}
    responses = {status: {"description": said, "content": content} for status, said in statuses.items()}
    described = {"operationId": name, "tags": ["server"], "summary": summary, "security": [], "responses": responses}
    return {DESCRIBED: described}


LIVES = _says("healthz", "Whether it lives.", JSON, {"200": "It does."})
WORKS = _says("readyz", "Whether it can work.", JSON, {"200": "It can.", "503": "Not now; `why` says why."})
MEASURES = _says("metrics", "What it measured, for Prometheus.", TEXT, {"200": "Figures."})


@get("/healthz", opt=ASIDE | LIVES, include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers; nothing else is looked at."""
    return {"status": "ok"}


@get(
    "/readyz",
    opt=ASIDE | WORKS,
    include_in_schema=False,
)
async def readyz(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """The database answers, and has the tables of this version."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await installations.check(opened(request))
    except DatabaseUnusable as error:
        return _not_ready(without_reason(error).message)
    except SavantError as error:
        return _not_ready(error.message)
    except TimeoutError:
        return _not_ready("The database does not answer.")
    return Response({"status": "ready"})


def _not_ready(why: str) -> Response[dict[str, str]]:
    return Response({"status": "not ready", "why": why}, status_code=503)


@get(
    "/metrics",
    opt=ASIDE | MEASURES,
    include_in_schema=False,
)
async def measured(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For Prometheus. Nothing here is about one person or workspace."""
    await installations.measure(opened(request))
    return Response(metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})


HANDLERS = (healthz, readyz, measured)
