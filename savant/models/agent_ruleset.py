"""Which rulesets an agent is given, in order of priority."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from savant.models.base import Base, Created, Identified, number, reference


class AgentRuleset(Identified, Created, Base):
    __tablename__ = "agent_rulesets"
    __table_args__ = (UniqueConstraint("agent_id", "ruleset_id"), {"sqlite_autoincrement": True})

    agent_id: Mapped[int] = reference("agents.id", "CASCADE", index=False)
    ruleset_id: Mapped[int] = reference("rulesets.id", "CASCADE")
    priority: Mapped[int] = number(0)
