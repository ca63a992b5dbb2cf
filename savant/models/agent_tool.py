"""Which custom tools an agent may or may not use."""

from __future__ import annotations

from sqlalchemy import ColumnElement, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.agent import Agent
from savant.models.base import Base, Created, Identified, Scoped, owner_in, reference


class AgentTool(Identified, Scoped, Created, Base):
    __tablename__ = "agent_tools"
    __table_args__ = (UniqueConstraint("agent_id", "tool_id"), {"sqlite_autoincrement": True})

    agent_id: Mapped[int] = reference("agents.id", "CASCADE", index=False)
    tool_id: Mapped[int] = reference("tools.id", "CASCADE")
    allowed: Mapped[bool] = mapped_column(default=True, server_default=true())

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Agent, cls.agent_id, workspace_id)
