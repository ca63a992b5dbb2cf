"""The audit log: who did what, from where; it outlives the workspace and the user it tells of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Scoped, latest, reference
from savant.models.types import BigId, IpAddress, Json


class AuditLog(Identified, Scoped, Created, Base):
    """`details` is the column `metadata`, a name SQLAlchemy keeps for itself."""

    __tablename__ = "audit_logs"
    __table_args__ = (
        Index("idx_audit_logs_resource", "resource_type", "resource_id"),
        latest("idx_audit_logs_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    workspace_id: Mapped[int | None] = reference("workspaces.id", "SET NULL")
    user_id: Mapped[int | None] = reference("users.id", "SET NULL")
    action: Mapped[str] = mapped_column(String(100), index=True)
    resource_type: Mapped[str | None] = mapped_column(String(50))
    resource_id: Mapped[int | None] = mapped_column(BigId)
    details: Mapped[dict[str, Any]] = mapped_column("metadata", Json, default=dict, server_default=text("'{}'"))
    ip_address: Mapped[str | None] = mapped_column(IpAddress)
    user_agent: Mapped[str | None]

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return cls.workspace_id == workspace_id
