"""Reservations: money set aside for a model call under way, while there are budgets."""

from __future__ import annotations

from sqlalchemy import Double
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Tenant, reference


class Reservation(Identified, Tenant, Created, Base):
    """Gone when the call is settled; what a killed run left is settled by its next attempt."""

    __tablename__ = "reservations"
    __table_args__ = ({"sqlite_autoincrement": True},)

    run_id: Mapped[int] = reference("runs.id", "CASCADE")
    path: Mapped[str]
    usd: Mapped[float] = mapped_column(Double)
