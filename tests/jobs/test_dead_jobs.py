"""What is dead is listed and tried again by an admin of its workspace; what is lost is found."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text, update

from savant.database.connect import Database
from savant.errors import ErrorCode, SavantError
from savant.jobs.beside import working
from savant.jobs.sweeping import go_round
from savant.jobs.table import MOST_ATTEMPTS
from savant.models.run import Run as Row
from savant.models.workspace import Workspace
from savant.schemas.actors import NOBODY, Actor
from savant.schemas.jobs import CRITICAL
from savant.schemas.runs import RunResume
from savant.services import runs
from savant.services.app import App
from savant.services.perform import perform
from tests.jobs.test_admission import add, jobs

pytestmark = [pytest.mark.parametrize("database_url", ["postgres"], indirect=True), pytest.mark.postgres]


async def say(database: Database, statement: str) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text(statement))


async def test_a_dead_job_is_listed_and_tried_again_in_its_workspace_alone(served: App) -> None:
    (id,) = await add(served.database, served.actor, CRITICAL)
    assert await perform(served, "jobs", "list") == []
    await say(served.database, "UPDATE procrastinate_jobs SET status = 'failed', attempts = 8")
    (dead,) = await perform(served, "jobs", "list")
    assert (dead.name, dead.arguments, dead.attempts) == ("execute_run", {"run_id": id}, 8)
    elsewhere = served.acting_as(Actor(user_id=1, workspace_id=99, team_id=99, role="owner"))
    assert await perform(elsewhere, "jobs", "list") == []
    with pytest.raises(SavantError) as refused:
        await perform(elsewhere, "jobs", "retry", id=dead.id)
    assert refused.value.code is ErrorCode.NOT_FOUND
    assert (await perform(served, "jobs", "retry", id=dead.id)).attempts == 0
    assert await jobs(served.database) == [(id, CRITICAL)]
    assert await perform(served, "jobs", "list") == []


async def test_a_run_whose_job_is_dead_fails_and_its_slot_is_the_next_ones(served: App) -> None:
    async with served.work() as work:
        row = await work.session.get_one(Workspace, served.actor.workspace_id)
        row.settings = {"run_slots": 1}
    first, second = await add(served.database, served.actor, CRITICAL, CRITICAL)
    await say(served.database, "UPDATE procrastinate_jobs SET status = 'failed', attempts = 8")
    await go_round(served.acting_as(NOBODY))
    failed = await perform(served, "runs", "get", id=first)
    assert (failed.status, failed.error_code) == ("failed", "worker_lost")
    assert await jobs(served.database) == [(second, CRITICAL)]
    assert await perform(served, "jobs", "list") == []
    await perform(served, "runs", "resume", id=first, options=RunResume())
    assert (await perform(served, "runs", "get", id=first)).status == "pending"


async def test_a_run_that_no_attempt_can_carry_out_fails_with_the_reason(served: App) -> None:
    (id,) = await add(served.database, served.actor, CRITICAL)
    async with served.work() as work:
        await work.session.execute(update(Row).where(Row.id == id).values(config={"limits": 5}))
    await say(served.database, f"UPDATE procrastinate_jobs SET attempts = {MOST_ATTEMPTS - 1}")
    async with working(served), asyncio.timeout(30):
        while await jobs(served.database, "todo", "doing"):
            await asyncio.sleep(0.05)
    async with served.read() as work:
        row = await work.session.get_one(Row, id)
    assert (row.status, row.error_code, row.admitted_at) == ("failed", "unexpected", None)
    assert "Expected `object`, got `int`" in (row.error_message or "")
    assert await perform(served, "jobs", "list") == []


async def test_a_run_that_was_deleted_leaves_no_job(served: App) -> None:
    (id,) = await add(served.database, served.actor, CRITICAL)
    async with served.work() as work:
        await runs.delete(work, id)
    async with working(served), asyncio.timeout(30):
        while await jobs(served.database, "doing", "todo", "failed"):
            await asyncio.sleep(0.05)


async def test_a_run_whose_job_is_gone_gets_another_and_no_other_run_does(served: App) -> None:
    lost, there, stopped = await add(served.database, served.actor, CRITICAL, CRITICAL, CRITICAL)
    async with served.work() as work:
        await runs.stop(work, stopped)
    await say(served.database, f"DELETE FROM procrastinate_jobs WHERE (args->>'run_id')::int IN ({lost}, {stopped})")
    for _ in range(2):
        await go_round(served.acting_as(NOBODY))
        assert sorted(await jobs(served.database)) == [(lost, CRITICAL), (there, CRITICAL)]
