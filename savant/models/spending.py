"""Spendings: what the runs of one agent or workflow cost on one day; they outlive the runs."""

from __future__ import annotations

from sqlalchemy import Double, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, Tenant, Updated, one_of, word
from savant.schemas.programs import RunnableType


class Spending(Identified, Tenant, Updated, Base):
    """`day` is a date in UTC, as `2026-03-01`."""

    __tablename__ = "spendings"
    __table_args__ = (
        UniqueConstraint("workspace_id", "day", "runnable_type", "runnable_slug"),
        one_of("runnable_type", RunnableType),
        {"sqlite_autoincrement": True},
    )

    day: Mapped[str] = mapped_column(String(10))
    runnable_type: Mapped[str] = word()
    runnable_slug: Mapped[str] = mapped_column(String(255))
    usd: Mapped[float] = mapped_column(Double, default=0.0, server_default=text("0"))
