"""Personas: who the model is asked to be."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Authored, Base, Identified, TenantOrSystem, Updated, one_of, system_slug, word
from savant.schemas.base import Visibility


class Persona(Identified, TenantOrSystem, Authored, Updated, Base):
    __tablename__ = "personas"
    __table_args__ = (
        UniqueConstraint("workspace_id", "slug"),
        system_slug("personas"),
        one_of("visibility", Visibility),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str | None]
    instructions: Mapped[str]
    visibility: Mapped[str] = word("private")
