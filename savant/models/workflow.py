"""Workflows: YAML programs of steps; older versions are in definition_versions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated, gin, number, one_of, texts, word
from savant.models.types import Json, VerbatimJson
from savant.schemas.base import Visibility
from savant.schemas.workflows import WorkflowStatus


class Workflow(Identified, Tenant, Authored, Updated, Base):
    __tablename__ = "workflows"
    __table_args__ = (
        UniqueConstraint("workspace_id", "slug"),
        one_of("status", WorkflowStatus),
        one_of("visibility", Visibility),
        gin("idx_workflows_tags", "tags"),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    definition: Mapped[dict[str, Any]] = mapped_column(VerbatimJson)
    graph: Mapped[Any | None] = mapped_column(Json)
    version: Mapped[int] = number(1)
    status: Mapped[str] = word("active", index=True)
    visibility: Mapped[str] = word("private")
    tags: Mapped[list[str]] = texts()
