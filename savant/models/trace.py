"""Traces: the telemetry of a run, one event a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, reference
from savant.models.types import VerbatimJson


class Trace(Identified, Created, Base):
    __tablename__ = "traces"
    __table_args__ = (
        UniqueConstraint("run_id", "seq"),
        Index("idx_traces_timestamp", text("timestamp DESC")),
    )

    run_id: Mapped[int] = reference("runs.id", "CASCADE", index=False)
    seq: Mapped[int]
    step_id: Mapped[int | None] = reference("steps.id", "CASCADE")
    event_type: Mapped[str] = mapped_column(String(100), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(VerbatimJson)
    timestamp: Mapped[datetime]
