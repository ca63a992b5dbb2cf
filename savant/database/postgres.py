"""What only Postgres needs: its driver, which is an extra, and JSON through the same encoder as everything else."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, LiteralString, cast

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import event, text
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from savant import clock
from savant.database.work import driver_error, lease_lost
from savant.errors import ErrorCode, SavantError

IDLE_SECONDS = 1.0
MIGRATION_LOCK = 7_378_698_676  # any number that no other program on the server locks


def create_engine(url: URL) -> AsyncEngine:
    """An engine on the server; nothing connects yet."""
    engine = create_async_engine(url, json_serializer=_dumps, json_deserializer=msgspec.json.decode)
    event.listen(engine.sync_engine.pool, "checkin", _note)
    event.listen(engine.sync_engine.pool, "checkout", partial(_try, engine.sync_engine.dialect))
    return engine


def _note(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = clock.monotonic()


def _try(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, proxy: object) -> None:
    """A connection that lay idle may be dead, as after a restart of the database; one in use needs no round trip."""
    if clock.monotonic() - record.info.get("used", math.inf) < IDLE_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error  # the others are as old, and this one is made anew


def conninfo(url: URL, workspace_id: int) -> str:
    """The address as the bare driver takes it, for a connection that serves one workspace as long as it lives."""
    return with_options(url, f"-c app.workspace_id={workspace_id}")


def with_options(url: URL, options: str) -> str:
    """The address as the bare driver takes it, with settings for the connection beside those it has."""
    address = bare(url)
    given = conninfo_to_dict(address).get("options") or ""
    return make_conninfo(address, options=f"{given} {options}".strip())


def bare(url: URL) -> str:
    """The address as the bare driver takes it, for a connection that sees the rows of no workspace."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@asynccontextmanager
async def migration_lock(engine: AsyncEngine, seconds: float) -> AsyncGenerator[None, None]:
    """Hold an advisory lock on a connection of its own; the server lets go of it if the process dies."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        deadline = clock.monotonic() + seconds
        while not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
            if clock.monotonic() > deadline:
                raise SavantError(
                    ErrorCode.UNREACHABLE,
                    f"Another process has been upgrading the database for {seconds:.0f} seconds.",
                    hint="Wait for it, or stop it, and try again.",
                )
            await asyncio.sleep(0.02)
        try:
            yield
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})


class PostgresWire:
    """A connection in pipeline mode: a whole transaction is one round trip."""

    def __init__(self, url: URL, workspace_id: int) -> None:
        self._conninfo = conninfo(url, workspace_id)
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None

    async def transact(self, batches: Sequence[tuple[str, list[tuple[Any, ...]]]], fence: tuple[str, Any]) -> None:
        async with self._named_errors() as connection, connection.pipeline(), connection.cursor() as cursor:
            # Without BEGIN, what a cancelled pipeline has sent so far would be committed when the pipeline closes.
            await cursor.execute("BEGIN", prepare=True)
            for statement, rows in batches:
                for row in rows:
                    await cursor.execute(cast(LiteralString, statement), row, prepare=True)
            await cursor.execute("COMMIT", prepare=True)

    async def fetch(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        async with self._named_errors() as connection:
            return await (await connection.execute(cast(LiteralString, statement), parameters)).fetchall()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    @asynccontextmanager
    async def _named_errors(self) -> AsyncGenerator[AsyncConnection[tuple[Any, ...]], None]:
        try:
            yield await self._opened()
        except psycopg.errors.DivisionByZero as error:
            raise lease_lost() from error
        except psycopg.IntegrityError as error:
            raise driver_error(error, conflict=True) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise driver_error(error, conflict=False) from error
        finally:
            await self._settle()

    async def _settle(self) -> None:
        """Leave no transaction half-done for the next one to commit, after an error or a cancellation."""
        connection = self._connection
        if connection is None:
            return
        if connection.closed:
            self._connection = None
        elif connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            await connection.rollback()

    async def _opened(self) -> AsyncConnection[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = await AsyncConnection.connect(self._conninfo, autocommit=True)
        return self._connection
