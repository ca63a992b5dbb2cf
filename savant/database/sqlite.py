"""What only SQLite needs: a private file, its pragmas, and transactions that say at once whether they will write."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from savant.database.work import driver_error, lease_lost
from savant.errors import ErrorCode, SavantError

T = TypeVar("T")

BUSY_SECONDS = 30.0
PRAGMAS = """
PRAGMA foreign_keys = ON;
PRAGMA synchronous = NORMAL;
"""


def create_engine(url: URL) -> AsyncEngine:
    """An engine on the file; `isolation_level=None` leaves BEGIN to us, the driver's own comes too late."""
    make_private(Path(url.database or ""))
    engine = create_async_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    return engine


def make_private(path: Path) -> None:
    """Make the file and its folder if they are not there, readable by their owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise SavantError(
            ErrorCode.INVALID_CONFIG,
            f"The database {path} cannot be opened: {error.strerror}.",
            hint="Check the folder's permissions, or set SAVANT_HOME to another folder.",
        ) from error


def connect(path: Path) -> sqlite3.Connection:
    """A bare connection with the same settings, for one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.executescript(PRAGMAS)
    return connection


def _on_connect(connection: Any, record: Any) -> None:
    connection.run_async(lambda driver: driver.executescript(PRAGMAS))


def _on_begin(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer: SQLite refuses it at once.
    reads = connection.get_execution_options().get("savant_read")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


class SqliteWire:
    """A connection with a thread of its own: a whole transaction is one hop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None

    async def transact(self, batches: Sequence[tuple[str, list[tuple[Any, ...]]]], fence: tuple[str, Any]) -> None:
        await self._hop(self._transact, batches, fence)

    async def fetch(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return await self._hop(self._fetch, statement, parameters)

    async def close(self) -> None:
        try:
            await self._hop(self._close)
        finally:
            self._thread.shutdown(wait=False)

    async def _hop(self, function: Callable[..., T], *arguments: Any) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)
        except (sqlite3.IntegrityError, sqlite3.OperationalError) as error:
            raise driver_error(error, conflict=isinstance(error, sqlite3.IntegrityError)) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def _transact(self, batches: Sequence[tuple[str, list[tuple[Any, ...]]]], fence: tuple[str, Any]) -> None:
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute(*fence).fetchone() is None:
                raise lease_lost()
            for statement, rows in batches:
                connection.executemany(statement, rows)
            connection.execute("COMMIT")
        except BaseException:  # raised again: even a cancelled transaction must not stay open
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _fetch(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._opened().execute(statement, parameters).fetchall()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
