"""What every worker looks after beside its jobs, in no job of its own: that would wait behind the long ones."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from procrastinate import App as Jobs
from procrastinate.exceptions import ConnectorException

from savant import clock
from savant.database import lookups, rate_limits
from savant.database.queue import STALLED
from savant.services import actors, endings, workplaces
from savant.services.app import App

STALLED_SECONDS = STALLED.total_seconds()
SWEEP_SECONDS, ROUND_SECONDS = 5.0, 120.0
logger = logging.getLogger(__name__)


async def sweep(app: App, jobs: Jobs) -> None:
    """Look every few seconds for workers that vanished, and now and then through all workspaces."""
    went_round = clock.monotonic()
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            await take_back(jobs)
            if clock.monotonic() - went_round > ROUND_SECONDS:
                went_round = clock.monotonic()
                await go_round(app)
        except Exception:  # a sweep that fails is done again; a worker without one would leave runs behind
            logger.exception("A sweep failed")


async def take_back(jobs: Jobs) -> None:
    """Put jobs of workers that vanished back into the queue."""
    await jobs.job_manager.prune_stalled_workers(STALLED_SECONDS)
    for job in await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        with contextlib.suppress(ConnectorException):  # another worker was first
            await jobs.job_manager.retry_job(job)


async def go_round(app: App) -> None:
    """Settle runs whose job is gone or dead, remove folders no run comes back to, and forget windows that are over."""
    await rate_limits.forget_old(app.database)
    await workplaces.sweep(app)
    for workspace_id in range(1, await lookups.last_workspace(app.database) + 1):
        steward = await actors.steward_of(app, workspace_id)
        if steward is not None:
            async with app.acting_as(steward).work() as work:
                await endings.settle(work)
