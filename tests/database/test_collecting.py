"""Blobs are collected beside work that refers to them: two connections to Postgres, move by move."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from savant import clock
from savant.database import blobs
from savant.database.connect import Database
from savant.database.journal import DatabaseJournalStore
from savant.models.blob import Blob
from savant.models.run import Run
from savant.schemas.actors import Actor
from savant.schemas.steps import Step
from savant.schemas.storage import Gc
from savant.services import storage

pytestmark = [pytest.mark.parametrize("database_url", ["postgres"], indirect=True), pytest.mark.postgres]
CONTENT = b"The rules of this house." * 9
KEY = hashlib.sha256(CONTENT).hexdigest()
NEW, OLD = timedelta(0), timedelta(hours=3)
Keep = Callable[[], Awaitable[None]]


@pytest.fixture
async def store(database: Database, actor: Actor) -> AsyncIterator[DatabaseJournalStore]:
    async with database.work(actor) as work:
        run = Run(runnable_type="agent", runnable_slug="a", status="running")
        work.session.add(run)
    opened = DatabaseJournalStore(database, actor.workspace_id, run.id, attempt=0)
    yield opened
    await opened.aclose()


@pytest.fixture(params=["unit of work", "journal"])
def keep(request: pytest.FixtureRequest, database: Database, actor: Actor, store: DatabaseJournalStore) -> Keep:
    """Both ways in which a blob is kept, with a step that refers to it."""

    async def by_work() -> None:
        async with database.work(actor) as work:
            await blobs.keep(work, KEY, CONTENT)

    async def by_journal() -> None:
        step = Step(step_number=1, path="s", type="tool", effect="read", input_hash="a" * 64, input={"$blob": KEY})
        await store.write([step], [], {KEY: CONTENT})

    return by_work if request.param == "unit of work" else by_journal


async def left_behind(database: Database, actor: Actor, age: timedelta) -> None:
    """A blob that no run refers to."""
    async with database.work(actor) as work:
        await blobs.keep(work, KEY, CONTENT)
        await work.session.execute(update(Blob).values(kept_at=clock.now() - age))


async def there(database: Database, actor: Actor) -> int:
    async with database.read(actor) as work:
        return await work.session.scalar(select(func.count()).where(Blob.sha256 == KEY)) or 0


@pytest.mark.parametrize(("age", "gone"), [(NEW, 0), (OLD, 1)])
async def test_only_what_is_old_enough_is_collected(
    database: Database, actor: Actor, age: timedelta, gone: int
) -> None:
    await left_behind(database, actor, age)
    for dry_run in (True, False):
        async with database.work(actor) as work:
            assert (await storage.gc(work, Gc(dry_run=dry_run))).blobs == gone
    assert await there(database, actor) == 1 - gone


async def test_what_is_being_kept_is_not_collected(database: Database, actor: Actor) -> None:
    await left_behind(database, actor, OLD)
    async with database.work(actor) as keeper:
        await blobs.keep(keeper, KEY, CONTENT)
        async with asyncio.timeout(10), database.work(actor) as work:
            assert (await storage.gc(work, Gc())).blobs == 0
    assert await there(database, actor) == 1


async def test_what_was_kept_after_a_collection_looked_is_not_collected(
    database: Database, actor: Actor, keep: Keep
) -> None:
    await left_behind(database, actor, OLD)
    async with database.work(actor) as work:
        assert await blobs.unclaimed(work, [KEY], before=clock.now() - blobs.GRACE) == [KEY]
        await keep()
        assert await blobs.collect(work, [KEY], before=clock.now() - blobs.GRACE) == []
    assert await there(database, actor) == 1


async def test_what_is_being_collected_is_made_anew(database: Database, actor: Actor, keep: Keep) -> None:
    await left_behind(database, actor, OLD)
    async with database.work(actor) as work:
        assert (await storage.gc(work, Gc())).blobs == 1
        keeping = asyncio.ensure_future(keep())
        await asyncio.sleep(0.3)
        assert not keeping.done()
    await asyncio.wait_for(keeping, 10)
    assert await there(database, actor) == 1


async def test_a_run_that_is_taken_up_is_not_deleted(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        ended = {"status": "failed", "error_code": "stuck", "completed_at": clock.now() - OLD}
        rows = [Run(runnable_type="agent", runnable_slug="a", **ended) for _ in range(2)]
        work.session.add_all(rows)
    async with database.work(actor) as taking:
        row = await taking.session.get(Run, rows[0].id, with_for_update=True)
        assert row is not None
        row.status, row.error_code = "pending", None
        async with asyncio.timeout(10), database.work(actor) as work:
            assert (await storage.gc(work, Gc(keep_seconds=1))).runs == [rows[1].id]
    async with database.read(actor) as work:
        assert (await work.session.scalars(select(Run.id))).all() == [rows[0].id]
