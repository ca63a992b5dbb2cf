"""The limits themselves, and what is said when one is reached."""

from __future__ import annotations

from typing import NoReturn, TypeVar

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal_outcomes import Spent

T = TypeVar("T")


class Limits(msgspec.Struct, kw_only=True, frozen=True):
    """What `who` (an agent, a workflow, or the whole run) may use; None is no limit. Tokens are input plus output.

    Steps and tokens are reached when they are spent, so the call that reaches them is still answered. Money is
    never overspent: what a call may cost at worst must be left before it is made. `unpriced` allows models whose
    price is not known under a money budget; they then count as costing nothing. `part` is how a resume names whose
    limits they are, where they are not the run's.
    """

    who: str = "The run"
    part: str | None = None
    max_steps: int | None = None
    token_budget: int | None = None
    budget_usd: float | None = None
    unpriced: bool = False

    def check(self, steps: int, spent: Spent, model: str) -> None:
        """Raise MAX_STEPS, TOKEN_BUDGET or BUDGET if `model` may not be called once more after `spent`."""
        if self.max_steps is not None and steps >= self.max_steps:
            self._stop(ErrorCode.MAX_STEPS, f"its {self.max_steps} model calls", "max_steps")
        if self.token_budget is not None and spent.tokens >= self.token_budget:
            used = f"{spent.tokens} tokens of its {self.token_budget}"
            self._stop(ErrorCode.TOKEN_BUDGET, used, "token_budget")
        if self.budget_usd is not None and spent.unpriced and not self.unpriced:
            raise self.no_price(model)

    def no_price(self, model: str) -> SavantError:
        """The error of a model whose price is not known, under a money budget."""
        return SavantError(
            ErrorCode.BUDGET,
            f"{self.who} is under a budget of money, but the price of {model} is not known.",
            hint="Use a model with a known price, limit tokens (`token_budget`) instead of money, or allow it "
            "(`allow_unpriced`).",
            details={"limit": "budget_usd", "model": model},
        )

    def too_dear(self, spent_usd: float, needed_usd: float) -> SavantError:
        """The error of a call that may cost more than is left."""
        budget = self.budget_usd or 0.0
        left = max(0.0, budget - spent_usd)
        if left == 0.0:
            return self._reached(ErrorCode.BUDGET, f"${spent_usd:.4f} of its ${budget:g}", "budget_usd")
        return SavantError(
            ErrorCode.BUDGET,
            f"{self.who} has ${left:.4f} left of its ${budget:g}, and the next model call may cost ${needed_usd:.4f}.",
            hint=f"{self.raising('budget_usd')} Or set a lower `max_output_tokens`.",
            details={"limit": "budget_usd", "left_usd": left, "needed_usd": needed_usd},
        )

    def raising(self, name: str) -> str:
        """How to go on with a higher limit."""
        by = f" (savant runs resume ID --limit {self.part}.{name}=N)" if self.part else ""
        return f"Raise `{name}` and resume the run{by}; what it did is kept."

    def _stop(self, code: ErrorCode, used: str, name: str) -> NoReturn:
        raise self._reached(code, used, name)

    def _reached(self, code: ErrorCode, used: str, name: str) -> SavantError:
        return SavantError(
            code,
            f"{self.who} has used {used} and is not done.",
            hint=self.raising(name),
            details={"limit": name},
        )


def first(*given: T | None) -> T | None:
    """The first value that is given; zero is one."""
    return next((value for value in given if value is not None), None)
