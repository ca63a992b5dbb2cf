"""Teams: who shares workspaces."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, or_
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, OfPeople, Updated
from savant.models.team_member import teams_of


class Team(Identified, OfPeople, Authored, Updated, Base):
    __tablename__ = "teams"
    __table_args__ = ({"sqlite_autoincrement": True},)

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255), unique=True)
    description: Mapped[str | None]

    @classmethod
    def seen_by(cls, team_id: int, user_id: int) -> ColumnElement[bool]:
        return or_(cls.id == team_id, cls.id.in_(teams_of(user_id)))
