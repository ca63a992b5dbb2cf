"""Budgets: the verbs."""

from __future__ import annotations

import builtins

from sqlalchemy import Select, select

from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.budget import Budget as Row
from savant.schemas.budgets import Budget, BudgetPeriod, BudgetScope, BudgetSet
from savant.services import records, spendings


async def list(work: Reading) -> builtins.list[Budget]:
    """All budgets with where they stand, the workspace's own first."""
    rows = (await work.session.scalars(select(Row).order_by(Row.scope.desc(), Row.slug, Row.period))).all()
    standings = await spendings.standings(work, rows)
    return [_shown(row, standings[row.id]) for row in rows]


async def set(work: UnitOfWork, set: BudgetSet) -> Budget:
    """Make a budget, or change the one that is there; it holds from the next model call on.

    A run that is under way learns of a new one when it next renews its lease.
    """
    if (set.scope == "workspace") != (set.slug == ""):
        raise SavantError(ErrorCode.VALIDATION, "A budget is the workspace's, or that of an agent or workflow by slug.")
    row = await work.session.scalar(_one(set.scope, set.slug, set.period).with_for_update())
    if row is None:
        row = Row(scope=set.scope, slug=set.slug, period=set.period)
        work.session.add(row)
    row.usd = set.usd
    records.stamp(work, row)
    await work.session.flush()
    return _shown(row, (await spendings.standings(work, [row]))[row.id])


async def remove(work: UnitOfWork, scope: BudgetScope, slug: str, period: BudgetPeriod) -> None:
    row = await work.session.scalar(_one(scope, slug, period))
    if row is None:
        hint = "`savant budget list` shows what there is."
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no budget by the {period} for {who(scope, slug)}.", hint=hint)
    await work.session.delete(row)


def who(scope: str, slug: str) -> str:
    """Whose budget it is, in words."""
    return "the workspace" if scope == "workspace" else f"{scope} `{slug}`"


def _one(scope: BudgetScope, slug: str, period: BudgetPeriod) -> Select[Row]:
    return select(Row).where(Row.scope == scope, Row.slug == slug, Row.period == period)


def _shown(row: Row, standing: spendings.Standing) -> Budget:
    spent, reserved = standing
    return Budget(
        id=row.id, scope=row.scope, slug=row.slug, period=row.period, usd=row.usd,  # pyright: ignore[reportArgumentType]
        spent_usd=spent, reserved_usd=reserved, left_usd=max(0.0, row.usd - spent - reserved),
        since=spendings.since(row.period), updated_at=row.updated_at,
    )  # fmt: skip
