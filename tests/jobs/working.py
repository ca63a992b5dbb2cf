"""A worker in this process, for tests in which its process is not the point."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from savant.jobs.worker import work
from savant.services.app import App


@asynccontextmanager
async def working(app: App, *, grace: float = 5.0) -> AsyncGenerator[asyncio.Event]:
    """A worker does jobs within the block; it is told to stop by the event it gives, or at the end."""
    stop = asyncio.Event()
    worker = asyncio.create_task(work(app, stop, grace=grace))
    try:
        yield stop
    finally:
        stop.set()
        await worker
