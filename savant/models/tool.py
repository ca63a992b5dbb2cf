"""Tools that a workspace brings itself, and those built in (no workspace)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, TenantOrSystem, Updated, one_of, system_slug, word
from savant.models.types import Json
from savant.schemas.base import Visibility


class Tool(Identified, TenantOrSystem, Authored, Updated, Base):
    __tablename__ = "tools"
    __table_args__ = (
        UniqueConstraint("workspace_id", "slug"),
        system_slug("tools"),
        one_of("visibility", Visibility),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    engine: Mapped[str] = word("custom", length=100, index=True)
    schema: Mapped[dict[str, Any]] = mapped_column(Json)
    implementation: Mapped[str | None]
    version: Mapped[str] = word("1.0.0")
    visibility: Mapped[str] = word("private")
    published: Mapped[bool] = mapped_column(default=False, server_default=false(), index=True)
