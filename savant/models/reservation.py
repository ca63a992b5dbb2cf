"""Reservations: money set aside for a model call under way, while there are budgets."""

from __future__ import annotations

from sqlalchemy import Double, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Tenant, one_of, reference, word
from savant.models.budget import BudgetScope


class Reservation(Identified, Tenant, Created, Base):
    """Gone when the call is settled; what a killed run left is settled by its next attempt.

    One call has several rows, as a spending has.
    """

    __tablename__ = "reservations"
    __table_args__ = (
        UniqueConstraint("run_id", "path", "scope", "slug"),
        one_of("scope", BudgetScope),
        {"sqlite_autoincrement": True},
    )

    run_id: Mapped[int] = reference("runs.id", "CASCADE")
    path: Mapped[str]
    scope: Mapped[str] = word("workspace")
    slug: Mapped[str] = mapped_column(String(255), default="", server_default=text("''"))
    usd: Mapped[float] = mapped_column(Double)
