"""Accounts: what a run and each agent and workflow in it have used, and what is set aside for calls under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import msgspec

from savant.errors import SavantError
from savant.runtime.journal_outcomes import Spent
from savant.runtime.limits.purse import Purse, Reservation
from savant.runtime.limits.quotes import Quote, quote
from savant.runtime.limits.rules import Limits
from savant.runtime.llm.base import LLM
from savant.schemas.spendings import Payers
from savant.schemas.steps import Step


class Hold(msgspec.Struct, eq=False):
    """One call that may be made: how long its answer may be (None: as long as it likes), and what it cost.

    Whoever makes the call sets `cost_usd`: None while nobody knows, which keeps the worst case set aside for good.
    """

    max_output_tokens: int | None = None
    usd: float = 0.0
    cost_usd: float | None = 0.0


class Account:
    """What one of a run's parts may use. What it spends is its parent's spending too, up to the run itself.

    `spent` is kept by the journal, so that what a resumed run spent before counts, and nothing counts twice. All
    accounts of a run must be used on one event loop. `payers` are the part and all it is a part of.
    """

    def __init__(
        self,
        limits: Limits,
        spent: Spent,
        parent: Account | None = None,
        purse: Purse | None = None,
        payers: Payers = (),
    ) -> None:
        self.limits = limits
        self.spent = spent
        self.payers: Payers = tuple(sorted({*payers, *(parent.payers if parent else ())}))
        self._parent = parent
        self._purse = parent._purse if parent else purse
        self._bell: _Bell = parent._bell if parent else _Bell()
        self._holds: list[Hold] = []
        self._lost = 0.0  # the worst cases of calls that ended without anybody knowing what they cost

    def check(self, steps: int, model: str) -> None:
        """Raise MAX_STEPS, TOKEN_BUDGET or BUDGET if no call may be made any more; `steps` are this account's own."""
        for account in self._chain():
            account.limits.check(steps if account is self else 0, account.spent, model)

    def refusal(self, steps: int, model: str, call: Step | None) -> SavantError | None:
        """What would stand against a recorded call (None: it is none) if it were to be made at what it cost then."""
        try:
            self.check(steps, model)
        except SavantError as error:
            return error
        limited = [account for account in self._chain() if account.limits.budget_usd is not None]
        for account in limited if call is not None else ():
            limits, spent, cost = account.limits, account.spent.cost_usd, call and call.cost_usd
            if cost is None and not limits.unpriced:
                return limits.no_price(model)
            if spent + (cost or 0.0) > (limits.budget_usd or 0.0):
                return limits.too_dear(spent, cost or 0.0)
        return None

    @asynccontextmanager
    async def hold(self, model: LLM, input_tokens: int, output_tokens: int | None, path: str) -> AsyncGenerator[Hold]:
        """Set aside what the call at `path` may cost at worst, in every account above too, and settle it at the end.

        Waits while only other calls under way stand in between. Raises BUDGET if too little is left without them,
        or if the price of the model is not known.
        """
        limited = [account for account in self._chain() if account.limits.budget_usd is not None]
        purse = self._purse if self._purse is not None and self._purse.covers(self.payers) else None
        worst = self._quote(model, input_tokens, output_tokens) if limited or purse else None
        if worst is None:
            yield Hold(output_tokens)
            return
        hold = Hold(output_tokens)
        await self._reserve(limited, worst, hold)
        reservation: Reservation | None = None
        try:
            if purse is not None:
                reservation = await purse.reserve(hold.usd, min(hold.usd, worst.least), path, self.payers)
                hold.usd = reservation.usd
                self._bell.ring()
            if worst.token:
                hold.max_output_tokens = worst.affords(hold.usd)
            yield hold
        finally:
            self._settle(limited, hold)
            if reservation is not None:
                await reservation.settle(hold.cost_usd)

    def _quote(self, model: LLM, input_tokens: int, output_tokens: int | None) -> Quote | None:
        """The worst case of a call, or None where its price need not be known; raises BUDGET where it must."""
        worst = quote(model, input_tokens, output_tokens)
        if worst is None:
            limited = (account.limits for account in self._chain() if account.limits.budget_usd is not None)
            limits = next(limited, self.limits)
            if not limits.unpriced:
                raise limits.no_price(model.id)
        return worst

    async def _reserve(self, limited: list[Account], worst: Quote, hold: Hold) -> None:
        while True:
            for account in limited:
                account._must_afford(worst)
            wanted = min([worst.most, *(account._left() for account in limited)])
            if all(account._left() - account._reserved() >= wanted for account in limited):
                break
            await self._bell.wait()
        hold.usd = wanted
        for account in limited:
            account._holds.append(hold)

    def _settle(self, limited: list[Account], hold: Hold) -> None:
        for account in limited:
            account._holds.remove(hold)
            if hold.cost_usd is None:
                account._lost += hold.usd
        self._bell.ring()

    def _must_afford(self, worst: Quote) -> None:
        left = self._left()
        if left <= 0 or left < worst.least:
            raise self.limits.too_dear(self.spent.cost_usd + self._lost, worst.least)

    def _left(self) -> float:
        """US dollars not spent, whatever is set aside."""
        return (self.limits.budget_usd or 0.0) - self.spent.cost_usd - self._lost

    def _reserved(self) -> float:
        """US dollars set aside: exactly zero when nothing is, so that nobody waits for what will not come."""
        return sum(hold.usd for hold in self._holds)

    def _chain(self) -> Iterator[Account]:
        account: Account | None = self
        while account is not None:
            yield account
            account = account._parent


class _Bell:
    """Wakes everybody who waits for money to be given back; ringing never waits, so that a cancelled call can."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        await self._rung.wait()

    def ring(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()
