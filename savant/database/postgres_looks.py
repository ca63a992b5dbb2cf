"""Looks on Postgres: connections of the bare driver, on which a look and in whose name it is are one round trip."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, cast

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import set_json_loads
from sqlalchemy.engine import URL, Dialect

from savant.database.declared import Declared
from savant.database.looks import Look, Rows, asking
from savant.database.postgres import with_options
from savant.database.work import driver_error
from savant.errors import SavantError
from savant.telemetry import metrics

MOST_CONNECTIONS = 10
_DECLARE = "SELECT " + ", ".join(f"set_config('app.{name}', %({name})s, true)" for name in Declared._fields)
_Connection = AsyncConnection[tuple[Any, ...]]


class PostgresLooks:
    """A few connections that only read, each transaction in the name it declares and in no other."""

    def __init__(self, url: URL, dialect: Dialect) -> None:
        self._conninfo = with_options(url, "-c timezone=UTC -c default_transaction_read_only=on")
        self._dialect = dialect
        self._idle: list[_Connection] = []
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def fetch(self, who: Declared, looks: Sequence[Look], values: Mapping[str, Any]) -> list[Rows]:
        """The rows of each, in the name of `who`."""
        again = bool(self._idle)
        try:
            return await self._fetch(who, looks, values)
        except SavantError:
            if not again:
                raise
        await self.close()  # the connections that were kept may be to a server that has been restarted since
        return await self._fetch(who, looks, values)

    async def _fetch(self, who: Declared, looks: Sequence[Look], values: Mapping[str, Any]) -> list[Rows]:
        began = time.perf_counter()
        given = {**values, **asking(who)}
        async with self._connection() as connection:
            async with connection.pipeline():
                # Without BEGIN, what is sent between two syncs is one transaction, and so is what it declares.
                await connection.cursor().execute(cast(LiteralString, _DECLARE), who.parameters(), prepare=True)
                cursors = [connection.cursor() for _ in looks]
                for cursor, look in zip(cursors, looks, strict=True):
                    text, fixed = look.compiled(self._dialect)
                    await cursor.execute(cast(LiteralString, text), {**fixed, **given}, prepare=True)
            rows: list[Rows] = [await cursor.fetchall() for cursor in cursors]
        metrics.took("queries", time.perf_counter() - began, kind="select")
        return rows

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[_Connection, None]:
        """A connection that is given back only if all went well on it."""
        async with self._free:
            try:
                connection = await self._taken()
                try:
                    yield connection
                except BaseException:  # a look that is cancelled, too, leaves answers unread on the wire
                    await connection.close()
                    raise
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                raise driver_error(error, conflict=False) from error
            self._idle.append(connection)

    async def _taken(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        connection = await AsyncConnection.connect(self._conninfo, autocommit=True)
        set_json_loads(msgspec.json.decode, connection)
        return connection
