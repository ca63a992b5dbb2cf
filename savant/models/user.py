"""People who sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, Updated, one_of, word

UserRole = Literal["user", "admin", "superadmin"]


class User(Identified, Updated, Base):
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
