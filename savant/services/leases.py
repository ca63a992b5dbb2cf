"""Who carries out a run: a lease on its row, renewed while the holder lives, so that exactly one process holds it."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import or_, select, update

from savant import clock
from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run

LEASE_SECONDS = 15
RENEW_SECONDS = 5.0
POLL_SECONDS = 0.3


def holder() -> str:
    """This process, named so that another on the same machine can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def alive(lease_holder: str | None, expires_at: datetime | None) -> bool:
    """Whether a run's holder may still be at work; a dead process on this machine is known at once."""
    if lease_holder is None or expires_at is None:
        return False
    host, pid, started = lease_holder.rsplit(":", 2)
    if host == socket.gethostname() and not _runs(int(pid), started):
        return False
    return expires_at > clock.now()


def _runs(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(pid) == started


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty where the system does not say. Guards against reuse."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *rest = stat.rsplit(")", 1)[1].split()
    return "dead" if state in "ZX" else rest[18]  # nobody has reaped it yet, but it does nothing any more


async def take(work: UnitOfWork, id: int, lease_holder: str) -> bool:
    """Become the one who carries out the run; False if it needs nobody any more, CONFLICT if somebody else does."""
    from savant.services.runs import find

    row = await find(work, id, lock=True, whole=True)
    if alive(row.lease_holder, row.lease_expires_at):
        raise SavantError(ErrorCode.CONFLICT, f"Run {id} is being carried out by {row.lease_holder}.")
    if row.status not in ("pending", "running"):
        return False
    now = clock.now()
    taken = await work.session.execute(
        update(Run)
        .where(
            Run.id == id,
            Run.status.in_(["pending", "running"]),
            or_(Run.lease_holder.is_(None), Run.lease_holder == row.lease_holder),
        )
        .values(
            status="running",
            lease_holder=lease_holder,
            lease_expires_at=now + timedelta(seconds=LEASE_SECONDS),
            attempts=Run.attempts + 1,
            started_at=row.started_at or now,
            completed_at=None,
            error_code=None,
            error_message=None,
            failed_path=None,
            updated_at=now,
        )
    )
    if taken.rowcount != 1:  # pyright: ignore[reportAttributeAccessIssue]
        raise SavantError(ErrorCode.CONFLICT, f"Somebody else took up run {id}.")
    return True


async def renew(work: UnitOfWork, id: int, lease_holder: str) -> None:
    """Hold the run for another while; CONFLICT if the lease is lost."""
    renewed = await work.session.execute(
        update(Run)
        .where(Run.id == id, Run.lease_holder == lease_holder)
        .values(lease_expires_at=clock.now() + timedelta(seconds=LEASE_SECONDS))
    )
    if renewed.rowcount != 1:  # pyright: ignore[reportAttributeAccessIssue]
        raise SavantError(ErrorCode.CONFLICT, f"This process lost its lease on run {id}.")


async def stop_requested(work: UnitOfWork, id: int) -> bool:
    """Whether somebody asked the run to stop, or deleted it."""
    row = (await work.session.execute(select(Run.stop_requested_at).where(Run.id == id))).first()
    return row is None or row[0] is not None
