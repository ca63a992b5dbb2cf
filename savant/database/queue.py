"""The queue of jobs: what is put into it is there when the transaction that put it is, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from sqlalchemy import func, select

from savant.telemetry import tracing

if TYPE_CHECKING:
    from savant.database.work import Reading, UnitOfWork

ADMISSION_LOCK = 7_378_699
"""The class of the advisory locks under which the slots of a workspace are counted."""

STALLED = timedelta(seconds=12)
"""How long nothing may be heard of a worker that is taken to live."""


class Job(NamedTuple):
    """One call of a job, by its name in `savant.jobs`; with a `lock` it waits for others that have the same."""

    name: str
    arguments: dict[str, Any]
    priority: int
    lock: str | None = None


class Queue(Protocol):
    async def put(self, work: UnitOfWork, job: Job) -> None:
        """Have a job done once this work is committed."""
        ...

    async def join(self, work: UnitOfWork, job: Job, **arguments: Any) -> bool:
        """Whether a job with the lock of this one waits already; it then does what the `arguments` say."""
        ...

    async def workers(self, work: Reading) -> int:
        """How many workers live."""
        ...

    async def alone(self, work: UnitOfWork, workspace_id: int) -> None:
        """Be the only one who counts a workspace's slots until this work is done."""
        ...


class PostgresQueue:
    """Procrastinate's tables, written on the connection of the unit of work."""

    def __init__(self) -> None:
        import procrastinate

        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector())

    async def put(self, work: UnitOfWork, job: Job) -> None:
        connection = await (await work.session.connection()).get_raw_connection()
        deferrer = self._app.configure_task(
            job.name, priority=job.priority, lock=job.lock, connection=cast(Any, connection.driver_connection)
        )
        # The job goes on with the trace of the request that asked for it.
        trace = tracing.here()
        arguments: dict[str, Any] = {**job.arguments, "trace": trace} if trace else job.arguments
        await deferrer.defer_async(**arguments)

    async def join(self, work: UnitOfWork, job: Job, **arguments: Any) -> bool:
        from savant.database import queued

        return job.lock is not None and await queued.join(work, job.lock, **arguments)

    async def workers(self, work: Reading) -> int:
        from savant.database import queued

        return await queued.workers(work, STALLED)

    async def alone(self, work: UnitOfWork, workspace_id: int) -> None:
        await work.session.execute(select(func.pg_advisory_xact_lock(ADMISSION_LOCK, workspace_id)))


class TaskQueue:
    """Jobs as tasks of this very process, for SQLite; what is not done when it is closed stays with its run."""

    def __init__(self, do: Callable[[Job], Awaitable[None]]) -> None:
        self._do = do
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def put(self, work: UnitOfWork, job: Job) -> None:
        work.afterwards.append(lambda: self._begin(job))

    async def join(self, work: UnitOfWork, job: Job, **arguments: Any) -> bool:
        """Nothing waits here: what is put begins at once."""
        return False

    async def workers(self, work: Reading) -> int:
        """This very process, as long as it takes jobs."""
        return 0 if self._closed else 1

    async def alone(self, work: UnitOfWork, workspace_id: int) -> None:
        """Work that writes is alone on SQLite from its beginning."""

    async def close(self) -> None:
        """Interrupt what is under way, and take nothing more."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, job: Job) -> None:
        if not self._closed:
            task = asyncio.ensure_future(self._do(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
