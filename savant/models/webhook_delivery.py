"""Webhook deliveries: what was sent where, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, String
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Scoped, latest, number, one_of, owner_in, reference, word
from savant.models.types import Json
from savant.models.webhook import Webhook

DeliveryStatus = Literal["pending", "delivered", "failed"]


class WebhookDelivery(Identified, Scoped, Created, Base):
    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        one_of("status", DeliveryStatus),
        latest("idx_webhook_deliveries_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    webhook_id: Mapped[int] = reference("webhooks.id", "CASCADE")
    event: Mapped[str] = mapped_column(String(100))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[str] = word("pending", index=True)
    response_code: Mapped[int | None]
    response_body: Mapped[str | None]
    attempts: Mapped[int] = number(0)
    delivered_at: Mapped[datetime | None]

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Webhook, cls.webhook_id, workspace_id)
