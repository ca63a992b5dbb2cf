"""The runtime's purse over the budgets of a workspace: money is set aside before a model call, and settled after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, or_, select

from savant import clock
from savant.database.spendings import Scope, scopes
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.budget import Budget
from savant.models.reservation import Reservation
from savant.models.run import Run
from savant.models.step import Step
from savant.schemas.spendings import Payers
from savant.services import spendings
from savant.services.app import App
from savant.services.budgets import who

WAIT_SECONDS = 0.25


class Purse:
    """The budgets of a run's workspace; `budgeted` are those who have one."""

    def __init__(self, app: App, run_id: int) -> None:
        self._app = app
        self._run_id = run_id
        self.budgeted: frozenset[Scope] = frozenset()

    async def open(self) -> None:
        """Begin an attempt: what one that was killed had set aside may have been spent, and is counted."""
        async with self._app.work() as work:
            await count_left(work, self._run_id)
            await self.look(work)

    async def look(self, work: Reading) -> None:
        """See who has a budget now."""
        found = await work.session.execute(select(Budget.scope, Budget.slug))
        self.budgeted = frozenset((scope, slug) for scope, slug in found)

    def covers(self, payers: Payers) -> bool:
        return bool(self.budgeted) and not self.budgeted.isdisjoint(scopes(payers))

    async def reserve(self, most: float, least: float, path: str, payers: Payers) -> Reserved:
        """Set aside what a call may cost in every budget; waits for others' calls if only they stand in between."""
        whose = scopes(payers)
        while True:
            async with self._app.work() as work:
                left = await _left(work, whose)
                usd = min([most, *(each.usd for each in left)])
                if not left or (usd >= least and min(each.usd for each in left) > 0):
                    rows = [Reservation(run_id=self._run_id, path=path, scope=s, slug=n, usd=usd) for s, n in whose]
                    work.session.add_all(rows)
                    return Reserved(self._app, self._run_id, path, whose, usd)
                tightest = min(left, key=lambda each: each.usd)
                if not await _others_under_way(work, tightest.budget, least - tightest.usd):
                    raise _spent(tightest.budget, tightest.usd, least)
            await asyncio.sleep(WAIT_SECONDS)


class Reserved:
    """Money set aside for one call."""

    def __init__(self, app: App, run_id: int, path: str, whose: Sequence[Scope], usd: float) -> None:
        self.usd = usd
        self._app = app
        self._run_id = run_id
        self._path = path
        self._whose = whose
        self._at = clock.now()

    async def settle(self, cost_usd: float | None) -> None:
        """Give it back, for the journal has what the call cost; if nobody knows, all of it is counted."""
        settling = asyncio.ensure_future(self._settle(lost=cost_usd is None))
        try:
            await asyncio.shield(settling)
        except asyncio.CancelledError:
            await settling  # a run that is being stopped still gives back what it does not use
            raise

    async def _settle(self, *, lost: bool) -> None:
        async with self._app.work() as work:
            mine = (Reservation.run_id == self._run_id, Reservation.path == self._path)
            await work.session.execute(delete(Reservation).where(*mine))
            if lost:
                await spendings.add(work, self._whose, self.usd, self._at)


class _Left(NamedTuple):
    budget: Budget
    usd: float


async def count_left(work: UnitOfWork, run_id: int) -> None:
    """Count what a run that nobody carries out has still set aside, where the journal has no cost of the call."""
    rows = (await work.session.scalars(select(Reservation).where(Reservation.run_id == run_id))).all()
    if not rows:
        return
    of_run = (Step.run_id == run_id, Step.cost_usd.is_not(None), Step.path.in_({row.path for row in rows}))
    last = select(Step.path, func.max(Step.started_at)).where(*of_run).group_by(Step.path)
    told: Mapping[str, datetime | None] = dict((await work.session.execute(last)).all())
    for row in rows:
        at = told.get(row.path)
        if at is None or at < row.created_at:
            await spendings.add(work, [(row.scope, row.slug)], row.usd, row.created_at)
        await work.session.delete(row)


async def _left(work: UnitOfWork, whose: Sequence[Scope]) -> list[_Left]:
    """The budgets of these and what is left of each, locked until the transaction ends.

    They are always locked in the same order, so that two runs never wait for each other.
    """
    found = select(Budget).where(_of(whose, Budget)).order_by(Budget.id).with_for_update()
    budgets = (await work.session.scalars(found)).all()
    standings = await spendings.standings(work, budgets) if budgets else {}
    return [_Left(each, each.usd - sum(standings[each.id])) for each in budgets]


def _of(whose: Iterable[Scope], model: type[Budget | Reservation]) -> ColumnElement[bool]:
    return or_(*((model.scope == scope) & (model.slug == slug) for scope, slug in whose))


async def _others_under_way(work: UnitOfWork, budget: Budget, missing: float) -> bool:
    """Whether calls of runs that still live hold as much as is missing; what a dead one holds never comes back."""
    living = (Run.status == "running", Run.lease_expires_at > clock.now())
    held = select(func.sum(Reservation.usd)).join(Run, Run.id == Reservation.run_id)
    held = held.where(*living, _of([(budget.scope, budget.slug)], Reservation))
    usd = await work.session.scalar(held) or 0.0
    return usd > 0 and usd >= missing


def _spent(budget: Budget, left: float, needed: float) -> SavantError:
    by = "--per " + budget.period + ("" if budget.scope == "workspace" else f" --{budget.scope} {budget.slug}")
    owner = who(budget.scope, budget.slug)
    return SavantError(
        ErrorCode.BUDGET,
        f"{owner[0].upper()}{owner[1:]} may spend ${budget.usd:g} a {budget.period} and has ${max(0.0, left):.4f} left;"
        f" the next model call may cost ${needed:.4f}.",
        hint=f"Raise it (savant budget set USD {by}) or wait for the next {budget.period}, and resume the run.",
        details={"limit": "budget", "scope": budget.scope, "slug": budget.slug, "period": budget.period},
    )
