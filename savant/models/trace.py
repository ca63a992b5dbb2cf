"""Traces: the telemetry of a run, one event a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Scoped, latest, owner_in, reference
from savant.models.run import Run
from savant.models.types import VerbatimJson


class Trace(Identified, Scoped, Created, Base):
    __tablename__ = "traces"
    __table_args__ = (
        UniqueConstraint("run_id", "seq"),
        latest("idx_traces_timestamp", "timestamp"),
    )

    run_id: Mapped[int] = reference("runs.id", "CASCADE", index=False)
    seq: Mapped[int]
    step_id: Mapped[int | None] = reference("steps.id", "CASCADE")
    event_type: Mapped[str] = mapped_column(String(100), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(VerbatimJson)
    timestamp: Mapped[datetime]

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Run, cls.run_id, workspace_id)
