"""Shares: what is open to a user, a team, everyone, or whoever has the link."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated, one_of, word
from savant.models.types import BigId

ShareableType = Literal["agent", "workflow", "persona", "ruleset", "tool", "repository"]
SharedWithType = Literal["user", "team", "public"]
Permission = Literal["view", "edit", "execute", "admin"]


class Share(Identified, Tenant, Authored, Updated, Base):
    """A share by link has a token, of which the SHA-256 is kept, and nobody it is shared with."""

    __tablename__ = "shares"
    __table_args__ = (
        one_of("shareable_type", ShareableType),
        one_of("shared_with_type", SharedWithType),
        one_of("permission", Permission),
        Index("idx_shares_shareable", "shareable_type", "shareable_id"),
        Index("idx_shares_shared_with", "shared_with_type", "shared_with_id"),
        {"sqlite_autoincrement": True},
    )

    shareable_type: Mapped[str] = word()
    shareable_id: Mapped[int] = mapped_column(BigId)
    shared_with_type: Mapped[str | None] = word()
    shared_with_id: Mapped[int | None] = mapped_column(BigId)
    permission: Mapped[str] = word("view")
    token: Mapped[str | None] = mapped_column(String(255), unique=True)
    expires_at: Mapped[datetime | None]
