"""Agents: a persona, a driver prompt, rulesets, allowed tools and limits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated, gin, number, one_of, reference, texts, word
from savant.models.types import Json
from savant.schemas.agents import AgentStatus
from savant.schemas.base import Visibility


class Agent(Identified, Tenant, Authored, Updated, Base):
    __tablename__ = "agents"
    __table_args__ = (
        UniqueConstraint("workspace_id", "slug"),
        one_of("status", AgentStatus),
        one_of("visibility", Visibility),
        gin("idx_agents_tags", "tags"),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    persona_id: Mapped[int | None] = reference("personas.id")
    driver_prompt: Mapped[str | None]
    config: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))
    tools: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))
    output_schema: Mapped[dict[str, Any] | None] = mapped_column(Json)
    delegates: Mapped[list[str]] = mapped_column(Json, default=list, server_default=text("'[]'"))
    version: Mapped[int] = number(1)
    status: Mapped[str] = word("active", index=True)
    visibility: Mapped[str] = word("private")
    tags: Mapped[list[str]] = texts()
