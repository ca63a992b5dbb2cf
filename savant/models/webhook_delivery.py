"""Webhook deliveries: what was sent where, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, number, one_of, reference, word
from savant.models.types import Json

DeliveryStatus = Literal["pending", "delivered", "failed"]


class WebhookDelivery(Identified, Created, Base):
    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        one_of("status", DeliveryStatus),
        Index("idx_webhook_deliveries_created_at", text("created_at DESC")),
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
