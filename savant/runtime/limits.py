"""The one place that says whether another model call may be made: steps, tokens, money; and how long all may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NoReturn, Protocol, TypeVar, runtime_checkable

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal_outcomes import Spent
from savant.runtime.llm.base import LLM, Usage

T = TypeVar("T")


class Limits(msgspec.Struct, kw_only=True, frozen=True):
    """What `who` (an agent, or the whole run) may use; None is no limit. Tokens are input plus output.

    A limit is reached when it is spent, so the call that reaches it is still answered.
    """

    who: str = "The run"
    max_steps: int | None = None
    token_budget: int | None = None
    budget_usd: float | None = None

    def check(self, spent: Spent, model: LLM) -> None:
        """Raise MAX_STEPS, TOKEN_BUDGET or BUDGET if `model` may not be called once more after `spent`."""
        if self.max_steps is not None and spent.calls >= self.max_steps:
            self._stop(ErrorCode.MAX_STEPS, f"its {self.max_steps} model calls", "max_steps")
        if self.token_budget is not None and spent.tokens >= self.token_budget:
            used = f"{spent.tokens} tokens of its {self.token_budget}"
            self._stop(ErrorCode.TOKEN_BUDGET, used, "token_budget")
        if self.budget_usd is not None:
            self._check_money(self.budget_usd, spent, model)

    def _check_money(self, budget_usd: float, spent: Spent, model: LLM) -> None:
        if spent.unpriced or not _has_price(model):
            raise SavantError(
                ErrorCode.BUDGET,
                f"{self.who} has a budget of ${budget_usd:g}, but the price of {model.id} is not known.",
                hint="Use a model with a known price, or limit tokens (`token_budget`) instead of money.",
            )
        if spent.cost_usd >= budget_usd:
            self._stop(ErrorCode.BUDGET, f"${spent.cost_usd:.4f} of its ${budget_usd:g}", "budget_usd")

    def _stop(self, code: ErrorCode, used: str, name: str) -> NoReturn:
        raise SavantError(
            code,
            f"{self.who} has used {used} and is not done.",
            hint=f"Raise `{name}` and resume the run; what it did is kept.",
        )


def first(*given: T | None) -> T | None:
    """The first value that is given; zero is one."""
    return next((value for value in given if value is not None), None)


@runtime_checkable
class _Priced(Protocol):
    def cost(self, usage: Usage) -> float | None: ...


def _has_price(model: LLM) -> bool:
    """Whether the model says what a call costs; one that cannot say it before says it in its answer, or not."""
    return not isinstance(model, _Priced) or model.cost(Usage(input_tokens=1, output_tokens=1)) is not None


@asynccontextmanager
async def deadline(seconds: float | None, who: str) -> AsyncGenerator[None]:
    """End what happens inside after `seconds` (None: never) with TIMEOUT."""
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            yield
    except TimeoutError:
        if not timer.expired():
            raise
        raise SavantError(
            ErrorCode.TIMEOUT,
            f"{who} did not finish within {seconds:g} s.",
            hint="Raise `timeout` and resume the run; what it did is kept.",
        ) from None
