"""Teams: who shares workspaces."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Updated


class Team(Identified, Authored, Updated, Base):
    __tablename__ = "teams"
    __table_args__ = ({"sqlite_autoincrement": True},)

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255), unique=True)
    description: Mapped[str | None]
