"""Secrets: what runs may know and nobody is shown."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated


class Secret(Identified, Tenant, Authored, Updated, Base):
    """`sealed` opens only with the key `key_id`, and only as this workspace's secret of this name."""

    __tablename__ = "secrets"
    __table_args__ = (UniqueConstraint("workspace_id", "name"), {"sqlite_autoincrement": True})

    name: Mapped[str] = mapped_column(String(100))
    key_id: Mapped[str] = mapped_column(String(16))
    sealed: Mapped[bytes]
