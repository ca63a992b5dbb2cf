"""Which rulesets an agent is given, in order of priority."""

from __future__ import annotations

from sqlalchemy import ColumnElement, UniqueConstraint
from sqlalchemy.orm import Mapped

from savant.models.agent import Agent
from savant.models.base import Base, Created, Identified, Scoped, number, owner_in, reference


class AgentRuleset(Identified, Scoped, Created, Base):
    __tablename__ = "agent_rulesets"
    __table_args__ = (UniqueConstraint("agent_id", "ruleset_id"), {"sqlite_autoincrement": True})

    agent_id: Mapped[int] = reference("agents.id", "CASCADE", index=False)
    ruleset_id: Mapped[int] = reference("rulesets.id", "CASCADE")
    priority: Mapped[int] = number(0)

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Agent, cls.agent_id, workspace_id)
