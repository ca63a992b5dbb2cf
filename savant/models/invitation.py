"""Invitations: a link that makes whoever follows it a member of a team."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CHAR, ColumnElement, String
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, OfPeople, Updated, one_of, reference, word
from savant.schemas.actors import Role


class Invitation(Identified, OfPeople, Authored, Updated, Base):
    """`email` is whom it is for, None for whoever has the link; `token_hash` is the SHA-256 of what the link holds."""

    __tablename__ = "invitations"
    __table_args__ = (one_of("role", Role), {"sqlite_autoincrement": True})

    team_id: Mapped[int] = reference("teams.id", "CASCADE")
    email: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = word("member")
    token_hash: Mapped[str] = mapped_column(CHAR(64), unique=True)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[int | None] = reference("users.id", "SET NULL")

    @classmethod
    def seen_by(cls, team_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.team_id == team_id
