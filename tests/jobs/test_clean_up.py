"""The job that makes room: what a budget leaves no room for goes, and what can be of no use to anybody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from procrastinate import App as Jobs
from sqlalchemy import func, select, text, update

from savant import clock
from savant.database.connect import Database
from savant.database.postgres import bare
from savant.jobs.beside import working
from savant.jobs.clean_up import CRON, clean_up
from savant.jobs.table import build
from savant.models.audit_log import AuditLog
from savant.models.run import Run
from savant.models.workspace import Workspace
from savant.schemas.actors import NOBODY
from savant.services import invitations
from savant.services.app import App

pytestmark = [pytest.mark.parametrize("database_url", ["postgres"], indirect=True), pytest.mark.postgres]
DAY = timedelta(days=1)


async def ended(app: App, *ages: int, **config: Any) -> list[int]:
    """Runs that ended so many days ago."""
    async with app.work() as work:
        rows = [
            Run(
                runnable_type="agent", runnable_slug="a", status="completed", config=config,
                completed_at=clock.now() - days * DAY,
            )
            for days in ages
        ]  # fmt: skip
        work.session.add_all(rows)
    return [row.id for row in rows]


async def left(app: App) -> list[int]:
    async with app.read() as work:
        return list(await work.session.scalars(select(Run.id).order_by(Run.id)))


def keeping(app: App, **settings: int) -> App:
    server = msgspec.structs.replace(app.settings.server, **settings)
    return App(msgspec.structs.replace(app.settings, server=server), app.database, NOBODY)


async def test_without_a_budget_every_run_stays(served: App) -> None:
    runs = await ended(served, 1, 999)
    await clean_up(keeping(served), timestamp=0)
    assert await left(served) == runs


async def test_runs_go_by_the_tightest_budget_and_the_pinned_stay(served: App) -> None:
    pinned = await ended(served, 999, pinned=True)
    new, old, _ = await ended(served, 1, 8, 31)
    await clean_up(keeping(served, keep_days=30), timestamp=0)
    assert await left(served) == [*pinned, new, old]
    async with served.work() as work:
        of = update(Workspace).where(Workspace.id == served.actor.workspace_id)
        await work.session.execute(of.values(settings={"keep_days": 7}))
    await clean_up(keeping(served, keep_days=30), timestamp=0)
    assert await left(served) == [*pinned, new]
    async with served.read() as work:
        told = (await work.session.scalars(select(AuditLog).where(AuditLog.action == "storage.gc"))).all()
    assert [(row.user_id, row.details["named"]) for row in told] == [(None, {"runs": 1, "blobs": 0})] * 2


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("idempotency_keys", {"created_at": -2, "key_hash": "k", "request_hash": "r", "workspace_id": 0, "user_id": 0}),
        ("login_sessions", {"expires_at": -1, "token_hash": "t", "user_id": 0}),
        ("invitations", {"expires_at": -1 - invitations.SHOWN.days, "token_hash": "t", "role": "member", "team_id": 0}),
    ],
)
async def test_what_is_over_is_forgotten(
    served: App, superuser: Database, table: str, columns: dict[str, int | str]
) -> None:
    actor = served.actor
    values: dict[str, Any] = {**columns}
    for name in values.keys() & {"workspace_id", "user_id", "team_id"}:
        values[name] = getattr(actor, name)
    aged, fresh = dict(values), {**values, next(name for name in values if name.endswith("_hash")): "another"}
    for name in values:
        if name.endswith("_at"):
            aged[name], fresh[name] = clock.now() + values[name] * DAY, clock.now() + DAY
    named = ", ".join(values)
    async with superuser.engine.begin() as connection:
        for row in (aged, fresh):
            placed = ", ".join(f":{name}" for name in values)
            await connection.execute(text(f"INSERT INTO {table} ({named}) VALUES ({placed})"), row)
    await clean_up(keeping(served), timestamp=0)
    async with superuser.engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(text(table)))).scalar_one() == 1


async def test_one_worker_of_all_does_it_when_it_is_due(served: App) -> None:
    (run,) = await ended(served, 2)
    app = keeping(served, keep_days=1)
    jobs: Jobs = build(app, bare(app.database.url), connections=1)
    ((task, periodic),) = [(task.task, task) for task in jobs.periodic_registry.periodic_tasks.values()]
    assert (task.name, periodic.cron) == ("clean_up", CRON)
    async with jobs.open_async():
        for _ in range(2):  # two workers find that it is due
            await jobs.job_manager.defer_periodic_job(
                job=task.configure(**{**periodic.configure_kwargs, "task_kwargs": {"timestamp": 60}}).job,
                periodic_id=periodic.periodic_id, defer_timestamp=60,
            )  # fmt: skip
    async with working(app):
        async with asyncio.timeout(30):
            while run in await left(served):
                await asyncio.sleep(0.05)
