"""Rulesets: rules an agent is given, in order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, TenantOrSystem, Updated, one_of, system_slug, word
from savant.models.types import Json
from savant.schemas.base import Visibility


class Ruleset(Identified, TenantOrSystem, Authored, Updated, Base):
    __tablename__ = "rulesets"
    __table_args__ = (
        UniqueConstraint("workspace_id", "slug"),
        system_slug("rulesets"),
        one_of("visibility", Visibility),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str | None]
    rules: Mapped[list[Any]] = mapped_column(Json)
    visibility: Mapped[str] = word("private")
