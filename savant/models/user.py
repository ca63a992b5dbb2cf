"""People who sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ColumnElement, String, or_
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, OfPeople, Updated, number, one_of, word
from savant.models.team_member import members_of

UserRole = Literal["user", "admin", "superadmin"]


class User(Identified, OfPeople, Updated, Base):
    __tablename__ = "users"
    __table_args__ = (
        one_of("role", UserRole),
        CheckConstraint("email = lower(email)", name="email_lower"),
        {"sqlite_autoincrement": True},
    )

    email: Mapped[str] = mapped_column(String(255), unique=True)
    encrypted_password: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    avatar_url: Mapped[str | None] = mapped_column(String(500))
    role: Mapped[str] = word("user")
    confirmed_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    failed_sign_ins: Mapped[int] = number(0)
    locked_until: Mapped[datetime | None]

    @classmethod
    def seen_by(cls, team_id: int, user_id: int) -> ColumnElement[bool]:
        return or_(cls.id == user_id, cls.id.in_(members_of(team_id)))
