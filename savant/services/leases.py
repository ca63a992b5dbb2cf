"""Who carries out a run: a lease on its row, renewed while the holder lives, so that exactly one process holds it."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ColumnElement, select, update

from savant import clock
from savant.database.work import Reading, UnitOfWork, lease_lost
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run

LEASE_SECONDS = 15
RENEW_SECONDS = 5.0
POLL_SECONDS = 0.2
"""How often who carries a run out asks whether it shall stop."""
MOST_CRASHES = 3
"""How many workers a run may take with it before it is given up."""


def holder() -> str:
    """This process, named so that another on the same machine can tell whether it still lives."""
    return f"{_machine()}:{os.getpid()}:{_started(os.getpid())}"


def alive(lease_holder: str | None, expires_at: datetime | None, now: datetime) -> bool:
    """Whether a run's holder may still be at work; a dead process on this machine is known at once."""
    if lease_holder is None or expires_at is None:
        return False
    machine, pid, started = lease_holder.rsplit(":", 2)
    if machine == _machine() and not _runs(int(pid), started):
        return False
    return expires_at > now


def _machine() -> str:
    """Where numbers of processes mean the same: this machine since it started, and this container of it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        space = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{boot}/{space}"


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


async def going(work: Reading, row: Run) -> bool:
    """Whether somebody carries the run out right now."""
    return row.status == "running" and alive(row.lease_holder, row.lease_expires_at, await work.now())


class Lease(NamedTuple):
    """The right to carry out a run; `attempt` is the fence that everything written under it is held to."""

    run_id: int
    holder: str
    attempt: int

    @property
    def held(self) -> ColumnElement[bool]:
        return (Run.id == self.run_id) & (Run.attempts == self.attempt) & (Run.status == "running")


async def take(work: UnitOfWork, row: Run, lease_holder: str) -> Lease:
    """Become the one who carries out a run, whose row is locked; CONFLICT if somebody else is at it."""
    if await going(work, row):
        raise SavantError(ErrorCode.CONFLICT, f"Run {row.id} is being carried out by {row.lease_holder}.")
    row.crashes += row.status == "running"
    row.attempts += 1
    row.status = "running"
    row.lease_holder = lease_holder
    row.lease_expires_at = await until(work)
    row.started_at = row.started_at or clock.now()
    row.completed_at = row.error_code = row.error_message = row.failed_path = None
    return Lease(row.id, lease_holder, row.attempts)


def gave_up(crashes: int) -> SavantError:
    """What a run ends with whose workers vanish one after another."""
    message = f"{crashes} processes that carried out this run vanished while they did."
    return SavantError(
        ErrorCode.WORKER_LOST, message, hint="It may need more memory than there is. To try again, resume it."
    )


async def renew(work: UnitOfWork, lease: Lease) -> None:
    """Hold the run for another while; LEASE_LOST if it is somebody else's by now."""
    renewed = await work.session.execute(update(Run).where(lease.held).values(lease_expires_at=await until(work)))
    if renewed.rowcount != 1:  # pyright: ignore[reportAttributeAccessIssue]
        raise lease_lost()


async def until(work: Reading, seconds: float = LEASE_SECONDS) -> datetime:
    """When a lease that is taken now ends, by the database's clock."""
    return await work.now() + timedelta(seconds=seconds)


async def stop_requested(work: Reading, id: int) -> bool:
    """Whether somebody asked the run to stop, or deleted it."""
    row = (await work.session.execute(select(Run.stop_requested_at).where(Run.id == id))).first()
    return row is None or row[0] is not None
