"""Definition versions: every definition that was ever saved or run, so that a run can name what it ran."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import CHAR, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Created, Identified, Tenant, number, one_of, word
from savant.models.types import VerbatimJson

DefinitionKind = Literal["agent", "workflow", "persona", "ruleset"]


class DefinitionVersion(Identified, Tenant, Authored, Created, Base):
    """`source` is `workspace`, or the path of the file the definition came from."""

    __tablename__ = "definition_versions"
    __table_args__ = (
        UniqueConstraint("workspace_id", "kind", "slug", "content_hash"),
        one_of("kind", DefinitionKind),
        Index("idx_definition_versions_latest", "workspace_id", "kind", "slug", "version"),
        {"sqlite_autoincrement": True},
    )

    kind: Mapped[str] = word()
    slug: Mapped[str] = mapped_column(String(255))
    version: Mapped[int] = number(1)
    definition: Mapped[dict[str, Any]] = mapped_column(VerbatimJson)
    content_hash: Mapped[str] = mapped_column(CHAR(64))
    source: Mapped[str] = mapped_column(default="workspace")
