"""What was answered to a request that may come again."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Tenant, reference


class IdempotencyKey(Identified, Tenant, Created, Base):
    """`sealed` opens with the caller's key, whose hash alone is here; `http_status` is None until it is answered."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("workspace_id", "user_id", "key_hash"), {"sqlite_autoincrement": True})

    user_id: Mapped[int] = reference("users.id", "CASCADE")
    key_hash: Mapped[str] = mapped_column(String(64))
    request_hash: Mapped[str] = mapped_column(String(64))
    http_status: Mapped[int | None]
    etag: Mapped[str | None] = mapped_column(String(255))
    sealed: Mapped[bytes | None]
