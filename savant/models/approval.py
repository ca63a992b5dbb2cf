"""Approvals: questions a parked run waits on, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, String, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Scoped, one_of, owner_in, partial_unique, reference, word
from savant.models.run import Run
from savant.models.types import Json

ApprovalKind = Literal["uncertain_step", "tool", "approval"]
ApprovalStatus = Literal["pending", "approved", "denied"]


class Approval(Identified, Scoped, Created, Base):
    """At most one question is open at a path of a run. `decision` is what the journal is told, `reason` why."""

    __tablename__ = "approvals"
    __table_args__ = (
        one_of("kind", ApprovalKind),
        one_of("status", ApprovalStatus),
        partial_unique("idx_approvals_pending", "run_id", "path", where="status = 'pending'"),
        {"sqlite_autoincrement": True},
    )

    run_id: Mapped[int] = reference("runs.id", "CASCADE")
    path: Mapped[str]
    kind: Mapped[str] = word()
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))
    status: Mapped[str] = word("pending", index=True)
    decision: Mapped[str | None] = mapped_column(String(50))
    reason: Mapped[str | None]
    answered_by_id: Mapped[int | None] = reference("users.id", "SET NULL")
    answered_at: Mapped[datetime | None]

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Run, cls.run_id, workspace_id)
