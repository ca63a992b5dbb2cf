"""What was spent: counted by day and by what was run, so that it outlives the runs and is added up in no time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from savant import clock
from savant.database.insert import insert
from savant.database.work import Reading, UnitOfWork
from savant.models.budget import Budget
from savant.models.reservation import Reservation
from savant.models.run import Run
from savant.models.spending import Spending


async def add(work: UnitOfWork, run: Run, usd: float) -> None:
    """Count what a run spent today, if it is anything."""
    if usd <= 0:
        return
    values = {
        "workspace_id": work.actor.workspace_id, "day": _day(clock.now()), "runnable_type": run.runnable_type,
        "runnable_slug": run.runnable_slug, "usd": usd, "created_at": clock.now(), "updated_at": clock.now(),
    }  # fmt: skip
    statement = insert(work.database.dialect, Spending).values(**values)
    changes = {"usd": Spending.usd + usd, "updated_at": clock.now()}
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "day", "runnable_type", "runnable_slug"], set_=changes
        )
    )


async def spent(work: Reading, budget: Budget) -> float:
    """US dollars spent in the budget's present period."""
    found = select(func.sum(Spending.usd)).where(Spending.day >= _day(since(budget.period)))
    found = found.where(*_of(budget, Spending.runnable_type, Spending.runnable_slug))
    return float(await work.session.scalar(found) or 0.0)


async def reserved(work: Reading, budget: Budget) -> float:
    """US dollars set aside in the budget's present period for calls whose cost is not known yet."""
    found = select(func.sum(Reservation.usd)).join(Run, Run.id == Reservation.run_id)
    found = found.where(Reservation.created_at >= since(budget.period))
    found = found.where(*_of(budget, Run.runnable_type, Run.runnable_slug))
    return float(await work.session.scalar(found) or 0.0)


def since(period: str) -> datetime:
    """When the present day or month began, in UTC."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return today.replace(day=1) if period == "month" else today


def _of(budget: Budget, type: Any, slug: Any) -> list[ColumnElement[bool]]:
    return [] if budget.scope == "workspace" else [type == budget.scope, slug == budget.slug]


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
