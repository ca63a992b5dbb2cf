"""Webhooks: addresses that are told of events."""

from __future__ import annotations

from sqlalchemy import String, true
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated
from savant.models.types import Texts


class Webhook(Identified, Tenant, Authored, Updated, Base):
    __tablename__ = "webhooks"
    __table_args__ = ({"sqlite_autoincrement": True},)

    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[str]] = mapped_column(Texts(100))
    secret: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True, server_default=true(), index=True)
