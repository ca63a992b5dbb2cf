"""How a run ends: in its row, as the last event of its record, and with its slot given to the next; all at once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from savant import clock
from savant.database import queued
from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run
from savant.models.trace import Trace
from savant.schemas import traces
from savant.services import admission, child_runs, purses

NEVER_BEGUN = SavantError(
    ErrorCode.WORKER_LOST,
    "No worker could carry this run out, however often one tried.",
    hint="What was wrong is in the workers' logs. To try again, resume it.",
)


async def end(work: UnitOfWork, row: Run, status: str, error: SavantError) -> None:
    """End a run that nobody carries out; its row is locked, so that nobody who wakes up can write to it any more."""
    write(row, status, error)
    await purses.count_left(work, row.id)
    last = await work.session.scalar(select(func.max(Trace.seq)).where(Trace.run_id == row.id))
    event = traces.Trace(seq=(last or 0) + 1, event_type=f"run.{status}", payload=said(row), timestamp=clock.now())
    await record(work, row, event)


async def settle(work: UnitOfWork) -> None:
    """See to runs that nobody is going to carry out: another job where theirs is gone, an end where it is dead."""
    queue = work.database.queue
    if queue is None or work.database.dialect != "postgresql":
        return
    rows = await admission.lost(work)
    dead = await queued.dead_runs(work, [row.id for row in rows])
    for row in rows:
        if row.id in dead:
            await end(work, row, "failed", NEVER_BEGUN)
        else:
            await admission.enqueue(work, queue, row)
    await queued.bury_runs(work)
    if rows:
        await admission.fill(work)


def write(row: Run, status: str, error: SavantError | None, result: Any = None, failed_path: str | None = None) -> None:
    """Put an ending into the run's row."""
    now = clock.now()
    row.status = status
    row.result = result
    row.error_code = error.code.value if error else None
    row.error_message = str(error) if error else None
    row.failed_path = failed_path if status == "failed" else None
    row.lease_holder = row.lease_expires_at = row.admitted_at = None
    row.completed_at = None if status == "waiting" else now
    # A machine's clock may be set back while a run goes on.
    row.duration_ms = max(0, round((now - row.started_at).total_seconds() * 1000)) if row.started_at else None
    row.updated_at = now


def said(row: Run) -> dict[str, Any]:
    """What the last event says of the ending."""
    return {
        "status": row.status,
        "error_code": row.error_code,
        "error_message": row.error_message,
        "cost_usd": row.cost_usd,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "duration_ms": row.duration_ms,
    }


async def record(work: UnitOfWork, row: Run, event: traces.Trace | None) -> None:
    """Write the last event; the slot that is free now goes to whoever waits for one."""
    if event is not None:
        fields = {name: getattr(event, name) for name in ("seq", "event_type", "payload", "timestamp")}
        work.session.add(Trace(run_id=row.id, **fields))
    await work.session.flush()
    told = {name: getattr(row, name) for name in ("status", "error_code", "error_message", "completed_at")}
    await child_runs.settle(work, row.id, **told)
    await admission.fill(work)
