"""What was spent: counted by day, and by who spent it, so that it outlives the runs and is added up in no time.

The journal counts what a call cost, in the transaction that records the call (`database.journal`). Here it is read, and
what no record knows of is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_, select

from savant import clock
from savant.database.insert import insert
from savant.database.spendings import Scope, day, upsert
from savant.database.work import Reading, UnitOfWork
from savant.models.budget import Budget
from savant.models.reservation import Reservation
from savant.models.run import Run
from savant.models.spending import Spending


class Standing(NamedTuple):
    """US dollars of a budget's present period: spent, and set aside for calls whose cost is not known yet."""

    spent: float
    reserved: float


async def add(work: UnitOfWork, scopes: Sequence[Scope], usd: float, moment: datetime) -> None:
    """Count what each of these spent at a moment."""
    rows = [
        {"workspace_id": work.actor.workspace_id, "day": day(moment), "scope": scope, "slug": slug, "usd": usd}
        for scope, slug in sorted(scopes)
    ]
    await work.session.execute(upsert(insert(work.database.dialect, Spending).values(rows)))


async def standings(work: Reading, budgets: Sequence[Budget]) -> dict[int, Standing]:
    """Where budgets stand, by id; all of it as it was at one moment, or a call that ends meanwhile would be missed."""
    of_budget = (Spending.workspace_id == Budget.workspace_id, Spending.scope == Budget.scope)
    since_day = _by_period(day(since("day")), day(since("month")))
    spent = select(func.sum(Spending.usd)).where(*of_budget, Spending.slug == Budget.slug, Spending.day >= since_day)
    found = select(Budget.id, spent.scalar_subquery(), _reserved()).where(Budget.id.in_([each.id for each in budgets]))
    return {id: Standing(spent or 0.0, held or 0.0) for id, spent, held in await work.session.execute(found)}


def since(period: str) -> datetime:
    """When the present day or month began, in UTC."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return today.replace(day=1) if period == "month" else today


def _reserved() -> Any:
    """What was set aside in the period, and for calls that are under way now, whose money will be spent in it."""
    of_budget = (Reservation.workspace_id == Budget.workspace_id, Reservation.scope == Budget.scope)
    now = Reservation.created_at >= _by_period(since("day"), since("month"))
    under_way = (Run.status == "running") & (Run.lease_expires_at > clock.now())
    held = select(func.sum(Reservation.usd)).join(Run, Run.id == Reservation.run_id)
    return held.where(*of_budget, Reservation.slug == Budget.slug, or_(now, under_way)).scalar_subquery()


def _by_period(of_day: Any, of_month: Any) -> Any:
    return case((Budget.period == "month", of_month), else_=of_day)
