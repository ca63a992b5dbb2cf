"""How often somebody came, counted by all processes together: one statement a time, and nothing that lasts."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text

from savant.database.connect import Database
from savant.database.work import named_errors

_NOW = {"postgresql": "extract(epoch FROM clock_timestamp())", "sqlite": "(julianday('now') - 2440587.5) * 86400.0"}
_COUNT = """
INSERT INTO rate_limits AS r (name, hits, ends_at) VALUES (:name, :times, {now} + :seconds)
ON CONFLICT (name) DO UPDATE SET
  hits = CASE WHEN r.ends_at <= {now} THEN :times ELSE r.hits + :times END,
  ends_at = CASE WHEN r.ends_at <= {now} THEN {now} + :seconds ELSE r.ends_at END
RETURNING hits, ends_at - {now}
"""


class Hits(NamedTuple):
    """How often in this window, and how many seconds of it are left."""

    number: int
    seconds_left: float


async def hit(database: Database, name: str, seconds: float, times: int = 1) -> Hits:
    """Count one more, or so many, under a name; a window begins with the first hit and lasts so many seconds."""
    statement = text(_COUNT.format(now=_NOW[database.dialect]))
    with named_errors():
        async with database.engine.begin() as connection:
            given = {"name": name, "seconds": seconds, "times": times}
            number, left = (await connection.execute(statement, given)).one()
    return Hits(number, float(left))


async def forget_old(database: Database) -> None:
    """Delete windows that are over."""
    with named_errors():
        async with database.engine.begin() as connection:
            await connection.execute(text(f"DELETE FROM rate_limits WHERE ends_at <= {_NOW[database.dialect]}"))
