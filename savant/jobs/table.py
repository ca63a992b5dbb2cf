"""The table of jobs: their names in the queue, what does them, and when one that failed is tried again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from procrastinate import App as Jobs
from procrastinate import BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.jobs import clean_up
from savant.jobs.execute_run import execute_queued_run, give_up
from savant.jobs.index_repository import index_repository
from savant.schemas.jobs import LOW
from savant.services.app import App
from savant.telemetry import logs, tracing

JOBS: dict[str, Callable[..., Awaitable[None]]] = {
    "execute_run": execute_queued_run,
    "index_repository": index_repository,
    "clean_up": clean_up.clean_up,
}
LAST_WORDS: dict[str, Callable[..., Awaitable[None]]] = {"execute_run": give_up}
"""What is done instead of leaving a dead job behind."""
MOST_ATTEMPTS = 8
FIRST_SECONDS, MOST_SECONDS, HELD_SECONDS = 2.0, 300.0, 4.0
logger = logging.getLogger(__name__)


class Backoff(BaseRetryStrategy):
    """Twice as long each time up to a cap, with jitter; what somebody else is at is looked at again soon."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, Exception):
            return None  # it was interrupted, and has put itself back
        if isinstance(exception, SavantError) and exception.code is ErrorCode.CONFLICT:
            return _after(HELD_SECONDS)
        if job.attempts + 1 >= MOST_ATTEMPTS:
            return None
        return _after(min(FIRST_SECONDS * 2**job.attempts, MOST_SECONDS))


def _after(seconds: float) -> RetryDecision:
    return RetryDecision(retry_in={"milliseconds": round(seconds * clock.jitter() * 1000)})


def build(app: App, conninfo: str, connections: int) -> Jobs:
    """The queue as a worker has it: all jobs over one installation."""
    jobs = Jobs(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=connections))
    for name, function in JOBS.items():
        task = jobs.task(name=name, retry=Backoff(), pass_context=True)(_over(app, name, function))
        if name == "clean_up":  # by whichever worker is there first, and once however many wait
            jobs.periodic(cron=clean_up.CRON, priority=LOW, lock=name, queueing_lock=name)(cast(Any, task))
    return jobs


def _over(app: App, name: str, function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def job(context: JobContext, trace: dict[str, str] | None = None, **arguments: Any) -> None:
        about = {key: value for key, value in arguments.items() if key.endswith("_id")}
        with logs.about(job=name, **about), tracing.span(name, trace, **about):
            try:
                await function(app, **arguments)
            except Exception as error:
                last = Backoff().get_retry_decision(exception=error, job=context.job) is None
                if not last or name not in LAST_WORDS:
                    raise
                logger.exception("A job is not tried again")
                await LAST_WORDS[name](app, error, **arguments)

    return job
