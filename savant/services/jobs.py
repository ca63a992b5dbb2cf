"""Jobs that are not tried any more: the verbs."""

from __future__ import annotations

import builtins

from savant.database import queued
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.schemas.jobs import DeadJob

MOST = 1_000


async def list(work: Reading) -> builtins.list[DeadJob]:
    """The newest first; on SQLite there is no queue that outlives its process."""
    return await queued.dead(work, MOST) if work.database.dialect == "postgresql" else []


async def retry(work: UnitOfWork, id: int) -> DeadJob:
    """Have one tried again, as often as a new one."""
    job = await queued.revive(work, id) if work.database.dialect == "postgresql" else None
    if job is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no dead job {id}.", hint="`savant jobs list` shows them.")
    return job
