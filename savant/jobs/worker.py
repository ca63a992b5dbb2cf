"""A worker: takes jobs from the queue and does them, so many at a time, until it is told to stop.

`python -m savant.jobs.worker [--concurrency N]` is one as a process; SIGTERM lets it finish or hand over its jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

import msgspec
from procrastinate import App as Jobs

from savant.database.postgres import bare
from savant.errors import ErrorCode, SavantError
from savant.jobs.sweeping import STALLED_SECONDS, sweep
from savant.jobs.table import build
from savant.services import installations
from savant.services.app import App
from savant.settings import load

CONCURRENCY = 10
GRACE_SECONDS = 20.0
HEARTBEAT_SECONDS, AGAIN_SECONDS = 3.0, 1.0
logger = logging.getLogger(__name__)


async def work(app: App, stop: asyncio.Event, *, concurrency: int = CONCURRENCY, grace: float = GRACE_SECONDS) -> None:
    """Do jobs until `stop` is set, and then for `grace` seconds finish what is under way; the rest is handed over."""
    if app.database.dialect != "postgresql":
        raise SavantError(ErrorCode.INVALID_CONFIG, "A worker needs a Postgres database.", hint="Set DATABASE_URL.")
    async with build(app, bare(app.database.url), connections=4).open_async() as jobs:
        sweeping = asyncio.create_task(sweep(app, jobs))
        try:
            while not stop.is_set():
                await _work(jobs, stop, concurrency, grace)
        finally:
            sweeping.cancel()
            await asyncio.wait({sweeping})


async def _work(jobs: Jobs, stop: asyncio.Event, concurrency: int, grace: float) -> None:
    """Until it is told to stop, or until its registration is gone: a worker that froze is taken for dead by others."""
    working = asyncio.create_task(
        jobs.run_worker_async(
            concurrency=concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=grace,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
            fetch_job_polling_interval=2.0,
            delete_jobs="successful",
        )
    )
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            logger.warning("The worker begins anew", exc_info=working.exception())
            await asyncio.sleep(AGAIN_SECONDS)
    finally:
        stopping.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await working


async def main(concurrency: int) -> None:
    """A worker of this process's settings."""
    settings = load(Path.cwd(), os.environ)
    if settings.database_url is None:
        settings = msgspec.structs.replace(settings, database_url=os.environ.get("DATABASE_URL"))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with installations.serving(settings) as app:
        await work(app, stop, concurrency=concurrency)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="savant.jobs.worker")
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    sys.exit(asyncio.run(main(parser.parse_args().concurrency)))
