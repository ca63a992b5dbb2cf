"""A workspace's runs get a slot and a job together, in the transaction that made or ended a run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from procrastinate.jobs import Job
from sqlalchemy import select, text, update

from savant.database.connect import Database
from savant.database.queue import PostgresQueue
from savant.errors import ErrorCode, SavantError
from savant.jobs.table import HELD_SECONDS, MOST_ATTEMPTS, MOST_SECONDS, Backoff
from savant.models.run import Run
from savant.models.workspace import Workspace
from savant.schemas.actors import Actor
from savant.schemas.jobs import CRITICAL, HIGH, LOW, NORMAL
from savant.services import admission, runs

on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
async def queued(database: Database, actor: Actor) -> AsyncIterator[Database]:
    """A workspace with two slots, on a database that has a queue."""
    database.queue = PostgresQueue()
    async with database.work(actor) as work:
        await work.session.execute(
            update(Workspace).where(Workspace.id == actor.workspace_id).values(settings={"run_slots": 2})
        )
    yield database


async def add(database: Database, actor: Actor, *priorities: int) -> list[int]:
    made: list[int] = []
    for priority in priorities:
        async with database.work(actor) as work:
            run = Run(runnable_type="agent", runnable_slug="a", priority=priority, user_id=actor.user_id)
            work.session.add(run)
            await admission.fill(work)
        made.append(run.id)
    return made


async def jobs(database: Database, *statuses: str) -> list[tuple[Any, ...]]:
    """The run and the priority of every job that waits, in the order in which workers get them."""
    listed = text(
        "SELECT (args->>'run_id')::int, priority FROM procrastinate_jobs"
        " WHERE status::text = ANY(:statuses) ORDER BY priority DESC, id"
    )
    async with database.reader.connect() as connection:
        return [tuple(row) for row in await connection.execute(listed, {"statuses": list(statuses or ["todo"])})]


@on_postgres
async def test_what_is_beyond_the_slots_waits_and_each_ending_admits_the_best(queued: Database, actor: Actor) -> None:
    first, second, low, high, normal = await add(queued, actor, CRITICAL, CRITICAL, LOW, HIGH, NORMAL)
    assert await jobs(queued) == [(first, CRITICAL), (second, CRITICAL)]
    for ended, admitted in ((first, high), (second, normal), (high, low)):
        async with queued.work(actor) as work:
            await runs.stop(work, ended)
        assert (await jobs(queued))[-1][0] == admitted
        async with queued.read(actor) as work:
            held = select(Run.id).where(Run.status == "pending", Run.admitted_at.is_not(None))
            assert admitted in (await work.session.scalars(held)).all()


@on_postgres
async def test_a_transaction_that_fails_leaves_no_job(queued: Database, actor: Actor) -> None:
    with pytest.raises(SavantError):
        async with queued.work(actor) as work:
            work.session.add(Run(runnable_type="agent", runnable_slug="a"))
            await admission.fill(work)
            raise SavantError(ErrorCode.VALIDATION, "Not after all.")
    assert await jobs(queued) == []


@on_postgres
async def test_one_workspace_takes_no_slot_of_another(queued: Database, actor: Actor, owner: Database) -> None:
    await add(queued, actor, CRITICAL, CRITICAL, CRITICAL)
    assert len(await jobs(queued)) == 2
    async with owner.engine.begin() as connection:
        await connection.execute(text("SELECT set_config('app.team_id', :id, true)"), {"id": str(actor.team_id)})
        made = text("INSERT INTO workspaces (team_id, name, slug) VALUES (:team, 'B', 'b') RETURNING id")
        other = (await connection.execute(made, {"team": actor.team_id})).scalar_one()
    theirs = Actor(user_id=actor.user_id, workspace_id=other, team_id=actor.team_id, role="owner")
    await add(queued, theirs, CRITICAL)
    assert len(await jobs(queued)) == 3


async def test_without_a_queue_nothing_is_admitted(database: Database, actor: Actor) -> None:
    (id,) = await add(database, actor, CRITICAL)
    async with database.read(actor) as work:
        assert (await runs.find(work, id)).admitted_at is None


def test_a_failed_job_is_tried_again_later_each_time_up_to_a_cap_and_then_is_dead() -> None:
    def wait(attempts: int, error: BaseException) -> float | None:
        job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
        decision = Backoff().get_retry_decision(exception=error, job=job)
        if decision is None:
            return None
        from savant import clock

        assert decision.retry_at is not None
        return (decision.retry_at - clock.now()).total_seconds()

    waits = [wait(attempts, ValueError()) for attempts in range(MOST_ATTEMPTS)]
    assert waits[-1] is None
    assert all(0 < seconds <= MOST_SECONDS for seconds in waits[:-1] if seconds is not None)
    assert (waits[5] or 0) > (waits[1] or 0)
    held = wait(1000, SavantError(ErrorCode.CONFLICT, "Somebody is at it."))
    assert held is not None
    assert held <= HELD_SECONDS
