"""What is set aside for a model call: counted once, whatever becomes of who made the call, and seen by all others."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from savant import clock
from savant.database.connect import Database
from savant.database.journal import DatabaseJournalStore
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run
from savant.schemas.actors import Actor
from savant.schemas.budgets import Budget, BudgetPeriod, BudgetSet
from savant.schemas.spendings import Charge, Payers
from savant.schemas.steps import Step
from savant.services import budgets, runs
from savant.services.app import App
from savant.services.purses import Purse
from savant.settings import Settings

PATH = "a/agent/1/model"
PAYERS: Payers = (("agent", "a"),)


@pytest.fixture
def app(database: Database, actor: Actor, tmp_path: Path) -> App:
    return App(Settings(home=tmp_path, config_dir=tmp_path), database, actor)


async def a_run(app: App) -> int:
    """One that lives."""
    async with app.work() as work:
        until = await work.now() + timedelta(days=2)
        run = Run(
            runnable_type="agent",
            runnable_slug="a",
            status="running",
            lease_holder="elsewhere:1:",
            lease_expires_at=until,
        )
        work.session.add(run)
    return run.id


async def opened(app: App, run_id: int) -> Purse:
    purse = Purse(app, run_id)
    await purse.open()
    return purse


async def set_budget(app: App, usd: float, period: BudgetPeriod = "day", slug: str = "a") -> None:
    async with app.work() as work:
        await budgets.set(work, BudgetSet(period=period, usd=usd, scope="agent", slug=slug))


async def standing(app: App) -> Budget:
    async with app.read() as work:
        return (await budgets.list(work))[0]


async def record(app: App, run_id: int, cost_usd: float) -> None:
    """The call, as the journal keeps it."""
    step = Step(
        path=PATH, step_number=1, type="model", effect="read", input_hash="a" * 64, status="completed",
        started_at=clock.now(), cost_usd=cost_usd, input_tokens=1, output_tokens=1,
    )  # fmt: skip
    store = DatabaseJournalStore(app.database, app.actor.workspace_id, run_id, attempt=0)
    await store.write([step], [], {}, [Charge(PAYERS, cost_usd)])
    await store.aclose()


@pytest.mark.parametrize("recorded", [True, False])
async def test_what_a_killed_attempt_left_is_counted_unless_the_record_has_it(app: App, recorded: bool) -> None:
    run = await a_run(app)
    await set_budget(app, 1.0)
    await (await opened(app, run)).reserve(0.3, 0.1, PATH, PAYERS)
    if recorded:
        await record(app, run, 0.2)
    assert (await standing(app)).reserved_usd == 0.3
    await opened(app, run)
    now = await standing(app)
    assert (now.spent_usd, now.reserved_usd) == (0.2 if recorded else 0.3, 0.0)
    await opened(app, run)
    assert (await standing(app)).spent_usd == now.spent_usd


@pytest.mark.parametrize("gone", ["deleted", "stopped"])
async def test_what_a_dead_run_left_is_spent_when_it_goes(app: App, gone: str) -> None:
    run = await a_run(app)
    await set_budget(app, 1.0)
    await (await opened(app, run)).reserve(0.3, 0.1, PATH, PAYERS)
    async with app.work() as work:
        (await work.session.get_one(Run, run)).lease_expires_at = clock.now() - timedelta(days=1)
    async with app.work() as work:
        await (runs.delete(work, run) if gone == "deleted" else runs.stop(work, run))
    now = await standing(app)
    assert (now.spent_usd, now.reserved_usd) == (0.3, 0.0)


async def test_a_call_that_is_under_way_at_midnight_is_not_forgotten(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    one, other = await a_run(app), await a_run(app)
    await set_budget(app, 1.0)
    held = await (await opened(app, one)).reserve(0.8, 0.1, PATH, PAYERS)
    at = datetime(2026, 4, 1, 0, 1, tzinfo=UTC)
    assert (await standing(app)).left_usd == pytest.approx(0.2)
    assert (await (await opened(app, other)).reserve(0.8, 0.1, PATH, PAYERS)).usd == pytest.approx(0.2)
    await held.settle(None)
    assert (await standing(app)).spent_usd == 0.0, "what it may have cost was spent yesterday"


async def test_only_who_has_a_budget_is_asked_and_a_new_one_is_seen(app: App) -> None:
    purse = await opened(app, await a_run(app))
    assert not purse.covers(PAYERS)
    await set_budget(app, 1.0, slug="b")
    await set_budget(app, 1.0)
    async with app.read() as work:
        await purse.look(work)
    assert purse.covers(PAYERS)
    assert not purse.covers((("workflow", "a"),))


async def test_many_at_once_never_hold_and_spend_more_than_there_is(app: App) -> None:
    await set_budget(app, 1.0)
    runs = [await a_run(app) for _ in range(6)]

    async def spend(run: int) -> str:
        try:
            held = await (await opened(app, run)).reserve(0.3, 0.3, PATH, PAYERS)
        except SavantError as error:
            return error.code
        assert (await standing(app)).reserved_usd <= 1.0
        await record(app, run, 0.3)
        await held.settle(0.3)
        return "spent"

    ends = await asyncio.gather(*map(spend, runs))
    assert sorted(ends) == [ErrorCode.BUDGET] * 3 + ["spent"] * 3
    assert (await standing(app)).spent_usd == pytest.approx(0.9)
