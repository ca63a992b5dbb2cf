"""API keys: what a program shows to act in a person's name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CHAR, String
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, Tenant, Updated, reference
from savant.models.types import Texts


class ApiKey(Identified, Tenant, Updated, Base):
    """`prefix` is the beginning that may be shown, `key_hash` the SHA-256 of all of it; no scopes mean all of them."""

    __tablename__ = "api_keys"
    __table_args__ = ({"sqlite_autoincrement": True},)

    user_id: Mapped[int] = reference("users.id", "CASCADE")
    name: Mapped[str] = mapped_column(String(255))
    prefix: Mapped[str] = mapped_column(String(50), unique=True)
    key_hash: Mapped[str] = mapped_column(CHAR(64))
    scopes: Mapped[list[str] | None] = mapped_column(Texts(100))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(45))
    revoked_at: Mapped[datetime | None]
