"""Jobs done in the process of the server itself: by a worker within it, and on SQLite as tasks, without a queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from savant.database.queue import Job, TaskQueue
from savant.jobs.table import JOBS
from savant.jobs.worker import work
from savant.services.app import App

logger = logging.getLogger(__name__)


@asynccontextmanager
async def working(app: App, *, grace: float = 20.0) -> AsyncGenerator[None]:
    """Do the jobs of an installation while the block lasts."""
    async with _as_worker(app, grace) if app.database.dialect == "postgresql" else _as_tasks(app):
        yield


@asynccontextmanager
async def _as_worker(app: App, grace: float) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(work(app, stop, grace=grace))
    try:
        yield
    finally:
        stop.set()
        await task


@asynccontextmanager
async def _as_tasks(app: App) -> AsyncGenerator[None]:
    async def do(job: Job) -> None:
        try:
            await JOBS[job.name](app, **job.arguments)
        except Exception:  # whatever a job raises, the others of this process go on
            logger.exception("A job failed", extra={"job": job.name})

    queue = app.database.queue = TaskQueue(do)
    try:
        yield
    finally:
        await queue.close()
        app.database.queue = None
