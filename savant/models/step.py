"""Steps: the journal of a run, one recorded effect or decision a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CHAR, ColumnElement, Double, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Created, Identified, Scoped, number, one_of, owner_in, reference, word
from savant.models.run import Run
from savant.models.types import BigId, VerbatimJson
from savant.schemas.steps import Effect, StepStatus, StepType


class Step(Identified, Scoped, Created, Base):
    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("run_id", "step_number"),
        UniqueConstraint("run_id", "path", "attempt"),
        one_of("step_type", StepType),
        one_of("status", StepStatus),
        one_of("effect", Effect),
    )

    run_id: Mapped[int] = reference("runs.id", "CASCADE", index=False)
    step_number: Mapped[int]
    path: Mapped[str]
    attempt: Mapped[int] = number(1)
    step_type: Mapped[str] = word()
    effect: Mapped[str] = word()
    tool_name: Mapped[str | None] = mapped_column(String(255))
    agent_id: Mapped[int | None] = reference("agents.id", "SET NULL")
    agent: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str] = word("pending", index=True)
    handled: Mapped[bool] = mapped_column(default=False, server_default=false())
    input_hash: Mapped[str] = mapped_column(CHAR(64))
    input: Mapped[Any | None] = mapped_column(VerbatimJson)
    output: Mapped[Any | None] = mapped_column(VerbatimJson)
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None]
    cost_usd: Mapped[float | None] = mapped_column(Double)
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None] = mapped_column(BigId)

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Run, cls.run_id, workspace_id)
