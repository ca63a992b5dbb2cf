"""What a database is measured by: its pool, and how long its statements take."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import event, text

from savant.database.connect import Database
from savant.telemetry import metrics

_JOBS = "SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status"
_OLDEST = """
SELECT extract(epoch FROM now() - min(e.at)) FROM procrastinate_jobs j
JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
"""


def pool(database: Database) -> dict[str, int]:
    """Connections by what they do."""
    found: Any = database.engine.pool
    return {"used": found.checkedout(), "idle": found.checkedin()}


async def queue(database: Database) -> tuple[dict[str, int], float]:
    """Jobs by what is to be done with them, and for how many seconds the oldest has been waiting."""
    if database.dialect != "postgresql":
        return {}, 0.0
    async with database.reader.connect() as connection:
        counted = (await connection.execute(text(_JOBS))).all()
        oldest = await connection.scalar(text(_OLDEST))
    return dict(counted), float(oldest or 0.0)


def watch(database: Database) -> None:
    """Measure the time of every statement from now on."""
    engine = database.engine.sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def began(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        context.savant_began = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def ended(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        metrics.took("queries", time.perf_counter() - context.savant_began, kind=_kind(statement))

    _ = began, ended


def _kind(statement: str) -> str:
    """The first word of a statement; what it is about would be too many names."""
    word = statement.lstrip().partition(" ")[0].lower()
    return word if word in ("select", "insert", "update", "delete") else "other"
