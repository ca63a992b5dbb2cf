"""Budgets: how much money may be spent in a day or a month."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import CheckConstraint, Double, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated, one_of, word

BudgetScope = Literal["workspace", "agent", "workflow"]
BudgetPeriod = Literal["day", "month"]


class Budget(Identified, Tenant, Authored, Updated, Base):
    """`slug` names the agent or workflow that it limits; it is empty for the whole workspace."""

    __tablename__ = "budgets"
    __table_args__ = (
        UniqueConstraint("workspace_id", "scope", "slug", "period"),
        one_of("scope", BudgetScope),
        one_of("period", BudgetPeriod),
        CheckConstraint("usd >= 0", name="usd_not_negative"),
        {"sqlite_autoincrement": True},
    )

    scope: Mapped[str] = word("workspace")
    slug: Mapped[str] = mapped_column(String(255), default="", server_default=text("''"))
    period: Mapped[str] = word()
    usd: Mapped[float] = mapped_column(Double)
