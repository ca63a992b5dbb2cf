"""Repositories: code that is indexed and searched."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, Tenant, Updated, one_of, word
from savant.models.types import Json

RepositorySource = Literal["local", "git", "github", "gitlab"]
IndexStatus = Literal["pending", "indexing", "completed", "failed"]


class Repository(Identified, Tenant, Authored, Updated, Base):
    __tablename__ = "repositories"
    __table_args__ = (
        UniqueConstraint("workspace_id", "slug"),
        one_of("source", RepositorySource),
        one_of("index_status", IndexStatus),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255))
    source: Mapped[str] = word("local")
    remote_url: Mapped[str | None] = mapped_column(String(500))
    local_path: Mapped[str | None] = mapped_column(String(500))
    branch: Mapped[str] = word("main", length=255)
    indexed_at: Mapped[datetime | None]
    index_status: Mapped[str] = word("pending", index=True)
    index_config: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))
    index_report: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))
    indexed_commit: Mapped[str | None] = mapped_column(String(64))
    lease_holder: Mapped[str | None] = mapped_column(String(255))
    lease_expires_at: Mapped[datetime | None]
