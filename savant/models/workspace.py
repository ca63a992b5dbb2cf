"""Workspaces: what belongs together, and to one team."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, UniqueConstraint, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, OfPeople, Updated, reference
from savant.models.team_member import teams_of
from savant.models.types import Json


class Workspace(Identified, OfPeople, Updated, Base):
    __tablename__ = "workspaces"
    __table_args__ = (UniqueConstraint("team_id", "slug"), {"sqlite_autoincrement": True})

    team_id: Mapped[int] = reference("teams.id", "CASCADE", index=False)
    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str | None]
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))

    @classmethod
    def seen_by(cls, team_id: int, user_id: int) -> ColumnElement[bool]:
        return or_(cls.team_id == team_id, cls.team_id.in_(teams_of(user_id)))
