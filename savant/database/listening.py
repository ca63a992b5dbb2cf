"""What other processes have done, heard over one LISTEN connection; lost and found again without anybody noticing.

A notification names a run, and never says what happened: that is read back from the tables, by `seq`, so nothing is
missed if one is lost. Only what the tables do not keep (the words of a model as it says them) is in one itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

from savant.database.connect import Database

RUNS = "savant_runs"
DELTAS = "savant_deltas"
RETRY_SECONDS = (0.2, 5.0)

Heard = Callable[[str, str], None]


class Listening:
    """Calls `heard(channel, payload)` for each notification, and `heard("", "")` when any may have been missed."""

    def __init__(self, database: Database, heard: Heard) -> None:
        self._database = database
        self._heard = heard
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, once; on SQLite there is nothing to hear."""
        if self._task is None and self._database.dialect == "postgresql":
            self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _listen(self) -> None:
        import psycopg

        pause, longest = RETRY_SECONDS
        while True:
            with contextlib.suppress(psycopg.Error, OSError):
                async with _connection(self._database) as connection:
                    self._heard("", "")
                    pause = RETRY_SECONDS[0]
                    async for notice in connection.notifies():
                        self._heard(notice.channel, notice.payload)
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)


@contextlib.asynccontextmanager
async def _connection(database: Database) -> AsyncGenerator[Any]:
    import psycopg

    from savant.database.postgres import bare

    async with await psycopg.AsyncConnection.connect(bare(database.url), autocommit=True) as connection:
        for channel in (RUNS, DELTAS):
            await connection.execute(f"LISTEN {channel}".encode())
        yield connection


async def notify(database: Database, channel: str, payload: str) -> None:
    """Tell every process that listens; on SQLite nobody does."""
    if database.dialect == "postgresql":
        async with database.engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await plain.exec_driver_sql("SELECT pg_notify(%s, %s)", (channel, payload))
