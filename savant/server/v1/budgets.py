"""Budgets over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.budgets import Budget, BudgetPeriod, BudgetScope, BudgetSet


class Budgets(Protocol):
    async def list(self) -> list[Budget]:
        """All budgets with where they stand, the workspace's own first."""
        ...

    async def set(self, set: BudgetSet) -> Budget:
        """Make a budget, or change the one that is there."""
        ...

    async def remove(self, scope: BudgetScope, slug: str, period: BudgetPeriod) -> None:
        """Let go of a budget."""
        ...
