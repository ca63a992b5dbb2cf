"""The journal's hot path: statements compiled once from the models, run on the bare driver, one hop a transaction.

A session of the ORM costs more than the step it would store. What is written here is still the models' own tables:
the SQL comes from them, and the tests read it back through them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, cast

import msgspec

from savant import clock
from savant.database import child_runs
from savant.database.blobs import TOUCHED, compress, decompress
from savant.database.connect import Database
from savant.database.journal_sql import SPENDING, STEP, TRACE_ROW, statements
from savant.database.spendings import day, totals
from savant.schemas.spendings import Charge
from savant.schemas.steps import Step
from savant.schemas.traces import Trace

Rows = list[tuple[Any, ...]]
Fence = tuple[str, tuple[int, int]]
"""A statement that finds the run as long as it is carried out by who writes, and what it is asked with."""
_encoder = msgspec.json.Encoder()


class Wire(Protocol):
    """A connection of one's own to the bare driver."""

    async def transact(self, batches: Sequence[tuple[str, Rows]], fence: Fence) -> None:
        """Each statement for each of its rows, all in one transaction; LEASE_LOST and nothing if the run is not found.

        `fence` finds it; statements that have it in them leave it aside.
        """
        ...

    async def fetch(self, statement: str, parameters: Sequence[Any]) -> Rows: ...

    async def close(self) -> None: ...


# The delegated runs among steps, as `child_runs.statement` takes them; they may refer to blobs that come with them.
Delegated = Callable[[Sequence[Step], Mapping[str, bytes]], Awaitable[list[dict[str, Any]]]]


class DatabaseJournalStore:
    """A run's journal in the database; it holds one connection from its first use until `aclose`.

    With `delegated` the rows of delegated runs are written with the steps that they are.

    It is that of one attempt: once another took the run up, or the run was ended, nothing more can be written.
    """

    def __init__(self, database: Database, workspace_id: int, run_id: int, *, attempt: int) -> None:
        self._workspace_id = workspace_id
        self._run_id = run_id
        self._attempt = attempt
        self._dialect = database.dialect
        self._statements = statements(self._dialect)
        self._wire = _open_wire(database, workspace_id)
        self.delegated: Delegated | None = None

    async def write(
        self,
        steps: Sequence[Step],
        traces: Sequence[Trace],
        blobs: Mapping[str, bytes],
        charges: Sequence[Charge] = (),
    ) -> None:
        """One short transaction; durable when it returns. A step is written again by its number, a trace once."""
        now = self._moment(clock.now())
        batches: list[tuple[str, Rows]] = []
        # Blobs first: a step never refers to what is not there. Rows are taken now, for a step may change meanwhile.
        if blobs:
            batches += self._kept(blobs, now)
        if steps:
            rows = [self._step(step, now) for step in steps]
            batches.append((self._statements.upsert_step, self._together(STEP, rows)))
        if steps and self.delegated is not None and (delegated := await self.delegated(steps, blobs)):
            upsert = child_runs.upsert(self._dialect)
            batches.append((upsert.statement, [self._child(child, upsert.order) for child in delegated]))
        if traces:
            rows = [self._trace(trace, now) for trace in traces]
            batches.append((self._statements.insert_trace, self._together(TRACE_ROW, rows)))
        if charges:  # last, for the rows are everybody's, and are locked until all is written
            rows = self._spendings(charges, now)
            batches.append((self._statements.add_spending, self._together(SPENDING, rows)))
        if batches:
            await self._wire.transact(batches, (self._statements.fence, (self._run_id, self._attempt)))

    async def load(self) -> tuple[list[Step], int]:
        """All steps by number, and the next `seq` of the traces."""
        rows = await self._wire.fetch(self._statements.steps, (self._run_id,))
        ((last_seq,),) = await self._wire.fetch(self._statements.last_seq, (self._run_id,))
        return [_load_step(row) for row in rows], (last_seq or 0) + 1

    async def read_blobs(self, hashes: Sequence[str]) -> dict[str, bytes]:
        """The content of those that are there."""
        found: dict[str, bytes] = {}
        for key in hashes:
            for size, data in await self._wire.fetch(self._statements.blob, (self._workspace_id, key)):
                found[key] = decompress(size, data)
        return found

    async def read_traces(self, after_seq: int = 0, limit: int = 1000) -> list[Trace]:
        """The traces that follow `after_seq`, in order."""
        rows = await self._wire.fetch(self._statements.traces, (self._run_id, after_seq, limit))
        return [_load_trace(row) for row in rows]

    async def aclose(self) -> None:
        await self._wire.close()

    def _kept(self, blobs: Mapping[str, bytes], now: Any) -> list[tuple[str, Rows]]:
        """Blobs that are there are kept, then the others made; in one order, so that no two wait for each other."""
        keys = sorted(blobs)
        made = (self._statements.insert_blob, [self._blob(key, blobs[key], now) for key in keys])
        if self._dialect == "sqlite":
            return [made]
        before = now - TOUCHED
        return [(self._statements.touch_blob, [(now, self._workspace_id, key, before) for key in keys]), made]

    def _together(self, names: Sequence[str], rows: Rows) -> Rows:
        """The rows as their statement takes them: each by itself, or on Postgres all in one."""
        if self._dialect == "sqlite":
            return rows
        given = _encoder.encode([dict(zip(names, row, strict=True)) for row in rows]).decode()
        return [(given, self._run_id, self._attempt)]

    def _step(self, step: Step, now: Any) -> tuple[Any, ...]:
        return (
            self._run_id, step.step_number, step.path, step.attempt, step.type, step.effect,
            _plain(step.tool_name, 255), step.agent, step.status, step.handled, step.input_hash,
            _text(step.input), _text(step.output), step.error_code, _plain(step.error_message), step.cost_usd,
            step.input_tokens, step.output_tokens, self._moment(step.started_at), self._moment(step.completed_at),
            step.duration_ms, now,
        )  # fmt: skip

    def _child(self, child: Mapping[str, Any], order: Sequence[str]) -> tuple[Any, ...]:
        kept = dict(child)
        for name in ("inputs", "result"):
            kept[name] = _text(kept[name])
        for name in ("goal", "error_message"):
            kept[name] = _plain(kept[name])
        return tuple(self._moment(kept[name]) if name.endswith("_at") else kept[name] for name in order)

    def _trace(self, trace: Trace, now: Any) -> tuple[Any, ...]:
        return (
            self._run_id, trace.seq, self._run_id, trace.step_number, trace.event_type, _text(trace.payload),
            self._moment(trace.timestamp), now,
        )  # fmt: skip

    def _blob(self, key: str, content: bytes, now: Any) -> tuple[Any, ...]:
        size, data = compress(content)
        return (self._workspace_id, key, size, data, now)

    def _spendings(self, charges: Sequence[Charge], now: Any) -> Rows:
        today = day(clock.now())
        return [(self._workspace_id, today, *whose, usd, now, now) for whose, usd in totals(charges)]

    def _moment(self, moment: datetime | None) -> Any:
        if moment is None or self._dialect == "postgresql":
            return moment
        if moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
        return moment.isoformat(" ", "microseconds")[:26]


def _open_wire(database: Database, workspace_id: int) -> Wire:
    if database.dialect == "sqlite":
        from savant.database.sqlite import SqliteWire

        return SqliteWire(database.path)
    from savant.database.postgres import PostgresWire

    return PostgresWire(database.url, workspace_id)


def _text(value: Any) -> str | None:
    return None if value is None else _encoder.encode(value).decode()


def _plain(value: str | None, length: int | None = None) -> str | None:
    """Text that every database takes: Postgres has no NUL, and a model may ask for a tool of any name."""
    return value.replace("\0", "\ufffd")[:length] if value else value


def _value(stored: str | None) -> Any:
    return None if stored is None else msgspec.json.decode(stored)


def _time(stored: Any) -> datetime | None:
    if stored is None:
        return None
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return cast(datetime, stored).astimezone(UTC)


def _load_step(row: tuple[Any, ...]) -> Step:
    values: dict[str, Any] = dict(zip(STEP, row, strict=True))
    del values["run_id"], values["created_at"]
    values["type"] = values.pop("step_type")
    values["handled"] = bool(values["handled"])
    for name in ("input", "output"):
        values[name] = _value(values[name])
    for name in ("started_at", "completed_at"):
        values[name] = _time(values[name])
    return Step(**values)


def _load_trace(row: tuple[Any, ...]) -> Trace:
    seq, event_type, payload, timestamp, step_number = row
    moment = _time(timestamp)
    assert moment is not None
    return Trace(seq=seq, event_type=event_type, payload=_value(payload), timestamp=moment, step_number=step_number)
