"""The turns of a conversation, in order of their runs."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Scoped, owner_in, reference
from savant.models.conversation import Conversation


class ConversationTurn(Identified, Scoped, Created, Base):
    """`said` is what the person wrote; the run's goal holds the attached files as well."""

    __tablename__ = "conversation_turns"
    __table_args__ = ({"sqlite_autoincrement": True},)

    conversation_id: Mapped[int] = reference("conversations.id", "CASCADE")
    run_id: Mapped[int] = reference("runs.id", "CASCADE")
    said: Mapped[str] = mapped_column(default="")

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Conversation, cls.conversation_id, workspace_id)
