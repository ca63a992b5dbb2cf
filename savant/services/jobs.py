"""Who does jobs, and jobs that are not tried any more: the verbs."""

from __future__ import annotations

import builtins
from typing import Literal

from savant.database import queued
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.schemas.jobs import DeadJob, QueueStatus
from savant.services import admission, runs

MOST = 1_000


async def list(work: Reading) -> builtins.list[DeadJob]:
    """The newest first; on SQLite there is no queue that outlives its process."""
    return await queued.dead(work, MOST) if work.database.dialect == "postgresql" else []


async def status(work: Reading, run_id: int | None = None) -> QueueStatus:
    """Whether somebody does jobs, and what a run waits for; locally nobody does, and nothing waits."""
    run = None if run_id is None else await runs.find(work, run_id)
    queue = work.database.queue
    workers = 0 if queue is None else await queue.workers(work)
    waits_for: Literal["slot", "worker", "turn"] | None = None
    if queue is not None and run is not None and run.status == "pending":
        waits_for = "slot" if run.admitted_at is None else "turn" if workers else "worker"
    slots, taken = await admission.slots(work), await admission.taken(work)
    return QueueStatus(workers=workers, slots=slots, taken=taken, waits_for=waits_for)


async def retry(work: UnitOfWork, id: int) -> DeadJob:
    """Have one tried again, as often as a new one."""
    job = await queued.revive(work, id) if work.database.dialect == "postgresql" else None
    if job is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no dead job {id}.", hint="`savant jobs list` shows them.")
    return job
