"""Memories: what agents were told to remember, and where each is from."""

from __future__ import annotations

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Created, Identified, Tenant, reference, texts


class Memory(Identified, Tenant, Authored, Created, Base):
    """`agent` is empty for what the whole workspace remembers. `words` is the text as search reads it."""

    __tablename__ = "memories"
    __table_args__ = (
        Index("idx_memories_agent", "workspace_id", "agent", "id"),
        {"sqlite_autoincrement": True},
    )

    agent: Mapped[str] = mapped_column(String(255), default="", server_default=text("''"))
    text: Mapped[str]
    words: Mapped[str]
    tags: Mapped[list[str]] = texts()
    run_id: Mapped[int | None] = reference("runs.id", "SET NULL")
    path: Mapped[str | None]
