"""The journal's store writes past the ORM what the ORM reads back, and gives back exactly what it was given."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, text, update

from savant import clock
from savant.database import blobs
from savant.database.connect import Database
from savant.database.journal import DatabaseJournalStore
from savant.errors import ErrorCode, SavantError
from savant.models.blob import Blob
from savant.models.run import Run
from savant.models.step import Step as StepRow
from savant.models.trace import Trace as TraceRow
from savant.schemas.actors import Actor
from savant.schemas.steps import Step
from savant.schemas.traces import Trace


@pytest.fixture
async def run_id(database: Database, actor: Actor) -> int:
    async with database.work(actor) as work:
        run = Run(runnable_type="agent", runnable_slug="a", status="running")
        work.session.add(run)
    return run.id


@pytest.fixture
async def store(database: Database, actor: Actor, run_id: int) -> AsyncIterator[DatabaseJournalStore]:
    opened = DatabaseJournalStore(database, actor.workspace_id, run_id, attempt=0)
    yield opened
    await opened.aclose()


def a_step(number: int = 1, **fields: Any) -> Step:
    given: dict[str, Any] = {"path": f"s{number}", "type": "tool", "effect": "read", "input_hash": "a" * 64, **fields}
    return Step(step_number=number, **given)


def a_trace(seq: int, number: int | None = None, **payload: Any) -> Trace:
    return Trace(seq=seq, event_type="step.started", payload=payload, timestamp=clock.now(), step_number=number)


async def test_an_empty_journal(store: DatabaseJournalStore) -> None:
    assert await store.load() == ([], 1)
    assert await store.read_traces() == []
    await store.write([], [], {})


async def test_every_field_comes_back(store: DatabaseJournalStore) -> None:
    now = clock.now()
    full = Step(
        path="a/each[2]/b", step_number=7, type="model", effect="idempotent", input_hash="0" * 64, attempt=3,
        status="failed", handled=True, tool_name="git.diff", agent="reviewer", input={"z": 1, "a": [None, "ü"]},
        output="text", error_code="tool_failed", error_message="It failed.", cost_usd=0.000012345, input_tokens=12,
        output_tokens=0, started_at=now, completed_at=now + timedelta(microseconds=1), duration_ms=2**40,
    )  # fmt: skip
    await store.write([full, a_step(2)], [], {})
    assert await store.load() == ([a_step(2), full], 1)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, 1.0, 1e22, 0.1, 2**53 + 1, "", "12", "null", "nul \0 inside", "\u2028 \\u0000 \U0001f600",
        [], {},
        {"z": 1, "a": 2, "aa": 0}, {"\0": ["\0"]}, [1, 1.0, "1"], "x" * 100_000,
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
async def test_a_value_comes_back_to_the_letter(store: DatabaseJournalStore, value: Any) -> None:
    """Neither JSONB (order, numbers, NUL) nor SQLite's numeric columns (1.0) may change what a resume is served."""
    raw = msgspec.Raw(msgspec.json.encode(value))
    await store.write([a_step(input=value, output=raw)], [a_trace(1, value=value)], {})
    ((step,), _) = await store.load()
    (trace,) = await store.read_traces()
    for back in (step.input, step.output, trace.payload["value"]):
        assert msgspec.json.encode(back) == msgspec.json.encode(value)


async def test_a_step_written_again_is_the_same_row_with_its_outcome(
    store: DatabaseJournalStore, database: Database, actor: Actor
) -> None:
    step = a_step(started_at=clock.now())
    await store.write([step], [a_trace(1, 1)], {})
    step.status, step.output, step.cost_usd, step.duration_ms = "completed", {"text": "done"}, 0.5, 12
    await store.write([step], [a_trace(2, 1)], {})
    assert await store.load() == ([step], 3)
    async with database.read(actor) as work:
        (row,) = (await work.session.scalars(select(StepRow))).all()
        assert (row.status, row.output, row.started_at) == ("completed", {"text": "done"}, step.started_at)
        assert set((await work.session.scalars(select(TraceRow.step_id))).all()) == {row.id}


async def test_a_step_that_changes_while_it_is_written_is_stored_as_it_was(store: DatabaseJournalStore) -> None:
    step = a_step()
    writing = asyncio.create_task(store.write([step], [], {}))
    await asyncio.sleep(0)
    step.status = "completed"
    await writing
    ((stored,), _) = await store.load()
    assert stored.status == "running"


async def test_traces_follow_their_number(store: DatabaseJournalStore) -> None:
    await store.write([a_step(1), a_step(2)], [a_trace(n, 2 if n % 2 else None, n=n) for n in range(1, 8)], {})
    assert (await store.load())[1] == 8
    read = await store.read_traces(after_seq=2, limit=3)
    assert [(trace.seq, trace.step_number, trace.payload) for trace in read] == [
        (3, 2, {"n": 3}), (4, None, {"n": 4}), (5, 2, {"n": 5}),
    ]  # fmt: skip
    assert [trace.seq for trace in await store.read_traces(5)] == [6, 7]


async def test_blobs_are_stored_once_and_compressed_when_that_is_shorter(
    store: DatabaseJournalStore, database: Database, actor: Actor
) -> None:
    contents = [b"", b"x", b"a" * 10_000, hashlib.sha512(b"noise").digest(), zlib_looking()]
    blobs = {hashlib.sha256(content).hexdigest(): content for content in contents}
    await store.write([], [], blobs)
    await store.write([a_step()], [], blobs)
    assert await store.read_blobs([*blobs, "0" * 64]) == blobs
    async with database.read(actor) as work:
        rows = (await work.session.execute(select(Blob.size, func.length(Blob.data)))).all()
    assert next(stored for size, stored in rows if size == 10_000) < 100
    assert all(stored <= size for size, stored in rows)


def zlib_looking() -> bytes:
    """Content that is itself compressed and does not get shorter."""
    import zlib

    return zlib.compress(hashlib.sha512(b"noise").digest(), 1)


async def test_a_blob_of_a_unit_of_work_is_read_by_the_journal(
    store: DatabaseJournalStore, database: Database, actor: Actor
) -> None:
    key = hashlib.sha256(b"program" * 99).hexdigest()
    async with database.work(actor) as work:
        for _ in range(2):
            await blobs.keep(work, key, b"program" * 99)
    assert await store.read_blobs([key]) == {key: b"program" * 99}


async def test_a_write_that_fails_leaves_nothing_and_the_next_one_works(store: DatabaseJournalStore) -> None:
    await store.write([], [a_trace(1)], {})
    with pytest.raises(SavantError) as failure:
        await store.write([a_step()], [a_trace(1)], {"0" * 64: b"x"})
    assert failure.value.code is ErrorCode.CONFLICT
    assert (await store.load(), await store.read_blobs(["0" * 64])) == (([], 2), {})
    await store.write([a_step()], [a_trace(2)], {})
    assert await store.load() == ([a_step()], 3)


async def test_a_cancelled_write_leaves_all_or_nothing(store: DatabaseJournalStore) -> None:
    for number in range(1, 90):
        writing = asyncio.create_task(store.write([a_step(number)], [a_trace(number, number)], {}))
        await asyncio.sleep(0.0001 * (number % 15))
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    steps, next_seq = await store.load()
    traces = await store.read_traces()
    assert [step.step_number for step in steps] == [trace.step_number for trace in traces]
    await store.write([a_step(99)], [a_trace(99, 99)], {})
    assert (await store.load())[1] == 100
    assert next_seq <= 90


async def test_times_are_kept_to_the_microsecond_in_any_zone(store: DatabaseJournalStore) -> None:
    local = clock.now().astimezone(timezone(timedelta(hours=5, minutes=30)))
    await store.write([a_step(started_at=local)], [], {})
    ((step,), _) = await store.load()
    assert step.started_at == local
    assert step.started_at is not None
    assert step.started_at.utcoffset() == timedelta(0)


async def test_text_a_model_made_up_is_stored(store: DatabaseJournalStore) -> None:
    await store.write([a_step(tool_name="t\0" + "x" * 300, error_message="a\0b", status="failed")], [], {})
    ((step,), _) = await store.load()
    assert (step.error_message, len(step.tool_name or "")) == ("a\ufffdb", 255)


async def test_two_runs_write_side_by_side(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        runs = [Run(runnable_type="agent", runnable_slug="a", status="running") for _ in range(4)]
        work.session.add_all(runs)

    async def go(run_id: int) -> tuple[list[Step], int]:
        store = DatabaseJournalStore(database, actor.workspace_id, run_id, attempt=0)
        for number in range(1, 21):
            await store.write([a_step(number)], [a_trace(number, number)], {"b" * 64: b"shared"})
        found = await store.load()
        await store.aclose()
        return found

    for steps, next_seq in await asyncio.gather(*(go(run.id) for run in runs)):
        assert (len(steps), next_seq) == (20, 21)


async def test_a_database_that_went_away_is_unreachable(
    store: DatabaseJournalStore, database: Database, postgres_admin: Any
) -> None:
    await store.write([a_step()], [], {})
    if database.dialect == "sqlite":
        async with database.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE steps RENAME TO gone"))
    else:
        name = database.url.database
        postgres_admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    with pytest.raises(SavantError) as failure:
        await store.write([a_step(2)], [], {})
    assert failure.value.code is ErrorCode.UNREACHABLE


@pytest.mark.parametrize(
    "change",
    [{"attempts": 1}, {"status": "stopped", "error_code": "stopped"}, {"status": "pending"}],
    ids=["taken", "ended", "resumed"],
)
async def test_who_lost_the_run_writes_nothing(
    store: DatabaseJournalStore, database: Database, actor: Actor, run_id: int, change: dict[str, Any]
) -> None:
    await store.write([a_step(1)], [a_trace(1, 1)], {})
    async with database.work(actor) as work:
        await work.session.execute(update(Run).where(Run.id == run_id).values(**change))
    for _ in range(2):
        with pytest.raises(SavantError) as failure:
            await store.write([a_step(2)], [a_trace(2, 2)], {"c" * 64: b"late"})
        assert failure.value.code is ErrorCode.LEASE_LOST
    steps, next_seq = await store.load()
    assert ([step.step_number for step in steps], next_seq) == ([1], 2)
    assert await store.read_blobs(["c" * 64]) == {}


async def test_a_late_write_waits_for_who_takes_the_run_over(
    store: DatabaseJournalStore, database: Database, actor: Actor, run_id: int
) -> None:
    """There is no moment between the look and the commit in which the run could change hands."""
    await store.write([a_step(1)], [], {})
    async with database.work(actor) as work:
        await work.session.execute(update(Run).where(Run.id == run_id).values(attempts=1))
        late = asyncio.create_task(store.write([a_step(2)], [], {}))
        done, _ = await asyncio.wait({late}, timeout=0.3)
        assert not done
    with pytest.raises(SavantError) as failure:
        await late
    assert failure.value.code is ErrorCode.LEASE_LOST
    assert len((await store.load())[0]) == 1
