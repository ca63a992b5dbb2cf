"""Budgets: how much money runs may spend together in a day or a month (of UTC)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from savant.schemas.base import Input, Schema

BudgetScope = Literal["workspace", "agent", "workflow"]
BudgetPeriod = Literal["day", "month"]


class Budget(Schema):
    """A limit, and where it stands now: `spent_usd` in this period, and `reserved_usd` for calls under way.

    `slug` names the agent or workflow that it limits, however that is run; it is empty for the whole workspace.
    """

    id: int
    scope: BudgetScope
    slug: str
    period: BudgetPeriod
    usd: float
    spent_usd: float
    reserved_usd: float
    left_usd: float
    since: datetime
    updated_at: datetime


class BudgetSet(Input):
    """What `budgets.set` takes; one that is there already is changed."""

    period: BudgetPeriod
    usd: Annotated[float, msgspec.Meta(ge=0)]
    scope: BudgetScope = "workspace"
    slug: str = ""
