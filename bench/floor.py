"""The floor: a run's rows written by hand on the bare driver, the same rows that Savant writes and no other work.

One transaction a step, as in Savant: the step as it ended, its two traces, and the blobs it refers to.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, datetime
from typing import Any

import msgspec

STEP = (
    "run_id, step_number, path, attempt, step_type, effect, tool_name, agent, status, handled, input_hash, input,"
    " output, cost_usd, input_tokens, output_tokens, started_at, completed_at, duration_ms, created_at"
)
TRACE = "run_id, seq, event_type, payload, timestamp, created_at, step_id"
BLOB = "workspace_id, sha256, size, data, kept_at"


def sql(mark: str, json_cast: str = "") -> tuple[str, str, str]:
    """The three inserts of a dialect."""
    marks = [mark] * 20
    marks[11] = marks[12] = mark + json_cast
    step = f"INSERT INTO steps ({STEP}) VALUES ({', '.join(marks)})"
    of_step = f"(SELECT id FROM steps WHERE run_id = {mark} AND step_number = {mark})"
    trace = (
        f"INSERT INTO traces ({TRACE}) VALUES ({mark}, {mark}, {mark}, {mark}{json_cast}, {mark}, {mark}, {of_step})"
    )
    blob = f"INSERT INTO blobs ({BLOB}) VALUES ({', '.join([mark] * 5)}) ON CONFLICT DO NOTHING"
    return step, trace, blob


class SqliteFloor:
    """Over aiosqlite, which keeps the event loop free as Savant does."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._sql = sql("?")

    @classmethod
    async def open(cls, path: str) -> SqliteFloor:
        import aiosqlite

        connection = await aiosqlite.connect(path, isolation_level=None)
        await connection.executescript("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL")
        return cls(connection)

    async def save(self, steps: list[Any], traces: list[Any], blobs: list[Any]) -> None:
        await self.connection.execute("BEGIN IMMEDIATE")
        for statement, rows in zip(self._sql, (steps, traces, blobs), strict=True):
            if rows:
                await self.connection.executemany(statement, rows)
        await self.connection.execute("COMMIT")

    def moment(self) -> Any:
        return datetime.now(UTC).isoformat(" ")[:26]

    async def close(self) -> None:
        await self.connection.close()


class DirectSqliteFloor(SqliteFloor):
    """Over sqlite3 itself, on the event loop: nothing else can happen while it writes."""

    @classmethod
    async def open(cls, path: str) -> DirectSqliteFloor:
        import sqlite3

        connection = sqlite3.connect(path, isolation_level=None)
        connection.executescript("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL")
        return cls(connection)

    async def save(self, steps: list[Any], traces: list[Any], blobs: list[Any]) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        for statement, rows in zip(self._sql, (steps, traces, blobs), strict=True):
            if rows:
                self.connection.executemany(statement, rows)
        self.connection.execute("COMMIT")

    async def close(self) -> None:
        self.connection.close()


class PostgresFloor:
    """Over psycopg's asynchronous connection, in its pipeline mode: one round trip a transaction."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._sql = sql("%s", "::jsonb")

    @classmethod
    async def open(cls, conninfo: str) -> PostgresFloor:
        import psycopg

        return cls(await psycopg.AsyncConnection.connect(conninfo, autocommit=True))

    async def save(self, steps: list[Any], traces: list[Any], blobs: list[Any]) -> None:
        async with self.connection.pipeline(), self.connection.cursor() as cursor:
            await cursor.execute("BEGIN")
            for statement, rows in zip(self._sql, (steps, traces, blobs), strict=True):
                for row in rows:
                    await cursor.execute(statement, row, prepare=True)
            await cursor.execute("COMMIT")

    def moment(self) -> Any:
        return datetime.now(UTC)

    async def close(self) -> None:
        await self.connection.close()


class Recorder:
    """Makes the rows of one run, and saves them."""

    def __init__(self, floor: Any, run_id: int) -> None:
        self._floor = floor
        self._run_id = run_id
        self._number = self._seq = 0
        self._steps: list[Any] = []
        self._traces: list[Any] = []
        self._blobs: list[Any] = []

    def step(self, path: str, type: str, tool: str | None, agent: str | None, input: Any, began: Any, output: Any,
             tokens: tuple[int | None, int | None] = (None, None), cost: float | None = None) -> None:  # fmt: skip
        ended = self._floor.moment()
        asked, answered = _encode(input), _encode(output)
        self._number += 1
        self._steps.append(
            (self._run_id, self._number, path, 1, type, "read", tool, agent, "completed", False,
             hashlib.sha256(asked.encode()).hexdigest(), asked, answered, cost, *tokens, began, ended, 1, ended)
        )  # fmt: skip
        described = {"path": path, "type": type, "attempt": 1, "tool_name": tool}
        self._trace("step.started", described, began)
        self._trace("step.completed", {**described, "duration_ms": 1, "preview": answered[:240]}, ended)

    def _trace(self, event: str, payload: Any, at: Any) -> None:
        self._seq += 1
        self._traces.append((self._run_id, self._seq, event, _encode(payload), at, at, self._run_id, self._number))

    def blob(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        packed = zlib.compress(content, 1)
        data = packed if len(packed) < len(content) else content
        self._blobs.append((1, key, len(content), data, self._floor.moment()))
        return key

    def moment(self) -> Any:
        return self._floor.moment()

    async def save(self) -> None:
        await self._floor.save(self._steps, self._traces, self._blobs)
        self._steps, self._traces, self._blobs = [], [], []


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()
