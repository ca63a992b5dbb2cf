"""The unit of work: one commit, or nothing."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from savant.database.connect import Database
from savant.errors import ErrorCode, SavantError
from savant.models.budget import Budget
from savant.models.run import Run
from savant.schemas.actors import Actor

RUN = {"runnable_type": "agent", "runnable_slug": "a"}


async def _count(database: Database, actor: Actor) -> int | None:
    async with database.read(actor) as work:
        return await work.session.scalar(select(func.count(Run.id)))


async def test_what_is_done_is_committed_at_the_end(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        work.session.add(Run(**RUN))
        await work.session.flush()
        assert await _count(database, actor) == 0
    assert await _count(database, actor) == 1


async def test_an_error_leaves_nothing(database: Database, actor: Actor) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.work(actor) as work:
            work.session.add(Run(**RUN))
            await work.session.flush()
            raise ZeroDivisionError
    assert await _count(database, actor) == 0


async def test_reading_keeps_nothing(database: Database, actor: Actor) -> None:
    async with database.read(actor) as work:
        work.session.add(Run(**RUN))
        await work.session.flush()
    assert await _count(database, actor) == 0


async def test_a_conflict_nobody_foresaw_has_a_code(database: Database, actor: Actor) -> None:
    with pytest.raises(SavantError) as failure:
        async with database.work(actor) as work:
            work.session.add_all(Budget(period="day", usd=1.0) for _ in range(2))
    assert failure.value.code is ErrorCode.CONFLICT


async def test_workers_that_read_and_then_write_all_get_their_turn(database: Database, actor: Actor) -> None:
    """With the driver's own late BEGIN, SQLite refuses all but one of these with `database is locked`."""

    async def one() -> None:
        async with database.work(actor) as work:
            run = (await work.session.scalars(select(Run).with_for_update())).one()
            await asyncio.sleep(0.002)
            run.attempts += 1

    async with database.work(actor) as work:
        work.session.add(Run(**RUN))
    await asyncio.gather(*(one() for _ in range(12)))
    async with database.read(actor) as work:
        assert await work.session.scalar(select(Run.attempts)) == 12


async def test_a_reader_waits_for_no_writer(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        work.session.add(Run(**RUN))
        await work.session.flush()
        async with asyncio.timeout(5), database.read(actor) as other:
            assert (await other.session.scalars(select(Run.id))).all() == []
