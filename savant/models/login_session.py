"""Login sessions: what a browser's cookie stands for, or a link that signs in once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CHAR, ColumnElement, false
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, OfPeople, reference
from savant.models.types import IpAddress


class LoginSession(Identified, OfPeople, Created, Base):
    """`token_hash` is the SHA-256 of the token; `workspace_id` is where it is when no other is named."""

    __tablename__ = "login_sessions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    user_id: Mapped[int] = reference("users.id", "CASCADE")
    workspace_id: Mapped[int | None] = reference("workspaces.id", "SET NULL")
    token_hash: Mapped[str] = mapped_column(CHAR(64), unique=True)
    once: Mapped[bool] = mapped_column(default=False, server_default=false())
    expires_at: Mapped[datetime]
    ip_address: Mapped[str | None] = mapped_column(IpAddress)
    user_agent: Mapped[str | None]

    @classmethod
    def seen_by(cls, team_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id
