"""Who belongs to a team, and as what."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped

from savant.models.base import Base, Identified, OfPeople, Updated, one_of, reference, word
from savant.schemas.actors import Role


class TeamMember(Identified, OfPeople, Updated, Base):
    __tablename__ = "team_members"
    __table_args__ = (
        UniqueConstraint("team_id", "user_id"),
        one_of("role", Role),
        {"sqlite_autoincrement": True},
    )

    team_id: Mapped[int] = reference("teams.id", "CASCADE", index=False)
    user_id: Mapped[int] = reference("users.id", "CASCADE")
    role: Mapped[str] = word("member")

    @classmethod
    def seen_by(cls, team_id: int, user_id: int) -> ColumnElement[bool]:
        return or_(cls.team_id == team_id, cls.user_id == user_id)


def teams_of(user_id: int) -> Select[int]:
    """The numbers of the teams a person is in."""
    member = TeamMember.__table__.alias("member")
    return select(member.c.team_id).where(member.c.user_id == user_id)


def members_of(team_id: int) -> Select[int]:
    """The numbers of the people in a team."""
    member = TeamMember.__table__.alias("member")
    return select(member.c.user_id).where(member.c.team_id == team_id)
