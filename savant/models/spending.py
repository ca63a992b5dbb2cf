"""Spendings: what a workspace, and each agent and workflow in it, cost on one day; they outlive the runs."""

from __future__ import annotations

from sqlalchemy import Double, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, Tenant, Updated, one_of, word
from savant.models.budget import BudgetScope


class Spending(Identified, Tenant, Updated, Base):
    """`day` is a date in UTC, as `2026-03-01`; scope and slug are those of budgets.

    What one call costs is in several rows: the workspace's, and that of every agent and workflow it was made for.
    """

    __tablename__ = "spendings"
    __table_args__ = (
        UniqueConstraint("workspace_id", "day", "scope", "slug"),
        one_of("scope", BudgetScope),
        {"sqlite_autoincrement": True},
    )

    day: Mapped[str] = mapped_column(String(10))
    scope: Mapped[str] = word()
    slug: Mapped[str] = mapped_column(String(255))
    usd: Mapped[float] = mapped_column(Double, default=0.0, server_default=text("0"))
