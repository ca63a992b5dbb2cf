"""Who belongs to a team, and as what."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from savant.models.base import Base, Identified, Updated, one_of, reference, word
from savant.schemas.actors import Role


class TeamMember(Identified, Updated, Base):
    __tablename__ = "team_members"
    __table_args__ = (
        UniqueConstraint("team_id", "user_id"),
        one_of("role", Role),
        {"sqlite_autoincrement": True},
    )

    team_id: Mapped[int] = reference("teams.id", "CASCADE", index=False)
    user_id: Mapped[int] = reference("users.id", "CASCADE")
    role: Mapped[str] = word("member")
