"""Which runs of a workspace are going on a server: so many at a time, the rest wait without a job, best first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, func, or_, select

from savant import clock
from savant.database import queued
from savant.database.queue import Job, Queue
from savant.database.work import Reading, UnitOfWork
from savant.models.run import Run
from savant.models.workspace import Workspace

SLOTS = 10
"""Runs of one workspace at a time, unless its settings say otherwise as `run_slots`."""


async def fill(work: UnitOfWork) -> None:
    """Give free slots to those who wait, by priority and age, in this very transaction; locally there is no queue."""
    queue = work.database.queue
    if queue is None:
        return
    await work.session.flush()
    await queue.alone(work, work.actor.workspace_id)
    free = await slots(work) - await taken(work)
    if free <= 0:
        return
    waiting = (
        select(Run)
        .where(Run.status == "pending", Run.admitted_at.is_(None), Run.journal_run_id.is_(None))
        .order_by(Run.priority.desc(), Run.id)
        .limit(free)
        .with_for_update(skip_locked=True)
    )
    for row in await work.session.scalars(waiting):
        row.admitted_at = clock.now()
        await enqueue(work, queue, row)


async def lost(work: UnitOfWork) -> Sequence[Run]:
    """Runs that have a slot and nobody to carry them out, for their job is gone or dead; held until this is done."""
    idle = or_(Run.status == "pending", and_(Run.status == "running", Run.lease_expires_at < await work.now()))
    found = select(Run).where(idle, Run.admitted_at.is_not(None), Run.journal_run_id.is_(None))
    found = found.where(queued.without_job(Run.id)).with_for_update(skip_locked=True)
    return (await work.session.scalars(found)).all()


async def enqueue(work: UnitOfWork, queue: Queue, row: Run) -> None:
    """Have somebody carry out an admitted run."""
    arguments = {"workspace_id": row.workspace_id, "user_id": row.user_id, "run_id": row.id}
    await queue.put(work, Job("execute_run", arguments, row.priority))


async def hand_over(work: UnitOfWork, row: Run) -> None:
    """Put a run that its worker has no time for back into the queue; it keeps its slot."""
    row.status = "pending"
    row.lease_holder = row.lease_expires_at = None
    row.updated_at = clock.now()
    if work.database.queue is not None:
        await enqueue(work, work.database.queue, row)


async def slots(work: Reading) -> int:
    """How many runs of the workspace may go at a time."""
    settings = await work.session.scalar(select(Workspace.settings).where(Workspace.id == work.actor.workspace_id))
    given = (settings or {}).get("run_slots")
    return given if isinstance(given, int) else SLOTS


async def taken(work: Reading) -> int:
    """How many do."""
    held = (Run.status.in_(["pending", "running"]), Run.admitted_at.is_not(None))
    return await work.session.scalar(select(func.count()).select_from(Run).where(*held)) or 0
