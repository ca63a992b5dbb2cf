"""What is in the queue, on Postgres: jobs that wait, those that are dead, and runs that have none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, cast, column, delete, func, literal, select, table, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute

from savant.database.work import Reading, UnitOfWork
from savant.schemas.jobs import DeadJob

_JOBS = table(
    "procrastinate_jobs", column("id", BigInteger), column("task_name", Text), column("args", JSONB), column("status"),
    column("attempts"), column("scheduled_at"), column("lock", Text),
)  # fmt: skip
_WORKERS = table("procrastinate_workers", column("id", BigInteger), column("last_heartbeat"))
_STATUS = cast(_JOBS.c.status, Text)
_HIDDEN = ("workspace_id", "user_id", "trace")


async def workers(work: Reading, within: timedelta) -> int:
    """How many workers have been heard of lately."""
    lives = _WORKERS.c.last_heartbeat > func.now() - literal(within)
    return await work.session.scalar(select(func.count()).select_from(_WORKERS).where(lives)) or 0


async def join(work: UnitOfWork, lock: str, **arguments: Any) -> bool:
    """Whether a job with this lock waits already, which then does what the `arguments` say."""
    waits = update(_JOBS).where(_JOBS.c.lock == lock, _STATUS == "todo")
    given = waits.values(args=_JOBS.c.args.op("||")(literal(arguments, JSONB)))
    return (await work.session.execute(given.returning(_JOBS.c.id))).first() is not None


def without_job(run_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether nobody is going to carry out a run: its job is gone, or dead."""
    there = (_JOBS.c.task_name == "execute_run", _STATUS.in_(["todo", "doing"]))
    return run_id.not_in(select(cast(_JOBS.c.args["run_id"].astext, BigInteger)).where(*there))


async def dead(work: Reading, limit: int) -> list[DeadJob]:
    """The actor's workspace's jobs that are not tried any more, the newest first."""
    statement = select(_JOBS).where(*_dead(work)).order_by(_JOBS.c.id.desc()).limit(limit)
    return [_shown(row) for row in await work.session.execute(statement)]


async def revive(work: UnitOfWork, id: int) -> DeadJob | None:
    """Have a dead job of the actor's workspace tried again; None if there is none of this number."""
    again = update(_JOBS).where(*_dead(work), _JOBS.c.id == id)
    done = await work.session.execute(again.values(status="todo", attempts=0, scheduled_at=None).returning(*_JOBS.c))
    row = done.first()
    return None if row is None else _shown(row)


async def dead_runs(work: Reading, ids: Sequence[int]) -> set[int]:
    """Those of these runs whose job is dead."""
    run_id = cast(_JOBS.c.args["run_id"].astext, BigInteger)
    of = select(run_id).where(*_dead(work), _JOBS.c.task_name == "execute_run", run_id.in_(ids))
    return set(await work.session.scalars(of))


async def bury_runs(work: UnitOfWork) -> None:
    """Forget the actor's workspace's dead jobs of runs: the run's row says what came of it."""
    await work.session.execute(delete(_JOBS).where(*_dead(work), _JOBS.c.task_name == "execute_run"))


def _dead(work: Reading) -> tuple[ColumnElement[bool], ...]:
    own = cast(_JOBS.c.args["workspace_id"].astext, BigInteger) == work.actor.workspace_id
    return own, _STATUS == "failed"


def _shown(row: Any) -> DeadJob:
    arguments = {name: value for name, value in row.args.items() if name not in _HIDDEN}
    return DeadJob(id=row.id, name=row.task_name, arguments=arguments, attempts=row.attempts)
