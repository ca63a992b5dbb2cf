"""The runtime's purse over the budgets of a workspace: money is set aside before a model call, and counted after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import delete, or_, select

from savant import clock
from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.budget import Budget
from savant.models.reservation import Reservation
from savant.models.run import Run
from savant.services import spendings
from savant.services.app import App
from savant.services.budgets import who

WAIT_SECONDS = 0.25


class Purse:
    """The budgets that a run is under."""

    def __init__(self, app: App, run_id: int) -> None:
        self._app = app
        self._run_id = run_id

    @classmethod
    async def open(cls, app: App, run_id: int) -> Purse | None:
        """The purse of a run whose lease is held, or None if it is under no budget.

        What an attempt that was killed had set aside may have been spent, and is counted.
        """
        async with app.work() as work:
            run = await _run(work, run_id)
            left = (await work.session.scalars(select(Reservation).where(Reservation.run_id == run_id))).all()
            for reservation in left:
                await _count(work, run, reservation.usd)
                await work.session.delete(reservation)
            return cls(app, run_id) if await _budgets(work, run, lock=False) else None

    async def reserve(self, most: float, least: float, path: str) -> Reserved:
        """Set aside what a call may cost in every budget; waits for others' calls if only they stand in between."""
        while True:
            async with self._app.work() as work:
                run = await _run(work, self._run_id)
                budgets = await _budgets(work, run, lock=True)
                left = {budget: await _left(work, budget) for budget in budgets}
                usd = min([most, *left.values()])
                if usd >= least and min(left.values()) > 0:
                    row = Reservation(run_id=self._run_id, path=path, usd=usd)
                    work.session.add(row)
                    await work.session.flush()
                    return Reserved(self._app, self._run_id, row.id, usd)
                tightest = min(left, key=left.__getitem__)
                if not await _others_under_way(work, tightest, least - left[tightest]):
                    raise _spent(tightest, left[tightest], least)
            await asyncio.sleep(WAIT_SECONDS)


class Reserved:
    """Money set aside for one call."""

    def __init__(self, app: App, run_id: int, id: int, usd: float) -> None:
        self.usd = usd
        self._app = app
        self._run_id = run_id
        self._id = id

    async def settle(self, cost_usd: float | None) -> None:
        """Count what the call cost, or all that was set aside if nobody knows, and give back the rest."""
        settling = asyncio.ensure_future(self._settle(self.usd if cost_usd is None else cost_usd))
        try:
            await asyncio.shield(settling)
        except asyncio.CancelledError:
            await settling  # a run that is being stopped still gives back what it does not use
            raise

    async def _settle(self, usd: float) -> None:
        async with self._app.work() as work:
            await work.session.execute(delete(Reservation).where(Reservation.id == self._id))
            await _count(work, await _run(work, self._run_id), usd)


async def _run(work: UnitOfWork, id: int) -> Run:
    return (await work.session.scalars(select(Run).where(Run.id == id).with_for_update())).one()


async def _count(work: UnitOfWork, run: Run, usd: float) -> None:
    """Count it once: what the run's own total already has is not counted again when the run ends."""
    await spendings.add(work, run, usd)
    run.cost_usd = (run.cost_usd or 0.0) + usd


async def _budgets(work: UnitOfWork, run: Run, *, lock: bool) -> Sequence[Budget]:
    """Those that a run is under, always in the same order, so that two runs never wait for each other's locks."""
    own = (Budget.scope == run.runnable_type) & (Budget.slug == run.runnable_slug)
    found = select(Budget).where(or_(Budget.scope == "workspace", own)).order_by(Budget.id)
    return (await work.session.scalars(found.with_for_update() if lock else found)).all()


async def _left(work: UnitOfWork, budget: Budget) -> float:
    return budget.usd - await spendings.spent(work, budget) - await spendings.reserved(work, budget)


async def _others_under_way(work: UnitOfWork, budget: Budget, missing: float) -> bool:
    """Whether calls of runs that still live hold as much as is missing; what a dead one holds never comes back."""
    held = (
        select(Reservation.usd)
        .join(Run, Run.id == Reservation.run_id)
        .where(Run.status == "running", Run.lease_expires_at > clock.now())
    )
    if budget.scope != "workspace":
        held = held.where(Run.runnable_type == budget.scope, Run.runnable_slug == budget.slug)
    usd = sum(await work.session.scalars(held))
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
