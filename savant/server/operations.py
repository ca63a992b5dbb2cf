"""For whoever keeps the server: whether it lives, whether it can work, and what it measured."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get

from savant.errors import SavantError
from savant.server.auth import OPEN, opened
from savant.server.limits import UNCOUNTED
from savant.services import installations
from savant.telemetry import metrics

ASIDE: dict[str, Any] = {OPEN: True, UNCOUNTED: True}
READY_SECONDS = 5.0


@get("/healthz", opt=ASIDE, include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers; nothing else is looked at."""
    return {"status": "ok"}


@get("/readyz", opt=ASIDE, include_in_schema=False)
async def readyz(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """The database answers, and has the tables of this version."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await installations.check(opened(request))
    except (SavantError, TimeoutError) as error:
        why = error.message if isinstance(error, SavantError) else "The database does not answer."
        return Response({"status": "not ready", "why": why}, status_code=503)
    return Response({"status": "ready"})


@get("/metrics", opt=ASIDE, include_in_schema=False)
async def measured(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For Prometheus. Nothing here is about one person or workspace."""
    await installations.measure(opened(request))
    return Response(metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})


HANDLERS = (healthz, readyz, measured)
