"""Conversations with an agent; every turn is a run."""

from __future__ import annotations

from sqlalchemy import String, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated


class Conversation(Identified, Tenant, Authored, Updated, Base):
    """`model` is what the person switched to, if they did."""

    __tablename__ = "conversations"
    __table_args__ = ({"sqlite_autoincrement": True},)

    agent: Mapped[str] = mapped_column(String(255), index=True)
    title: Mapped[str] = mapped_column(String(255), default="", server_default=text("''"))
    model: Mapped[str | None] = mapped_column(String(255))
