"""Runs: one execution of an agent or a workflow each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CHAR, CheckConstraint, Double, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import (
    Base,
    Identified,
    Tenant,
    Updated,
    latest,
    number,
    one_of,
    partial_unique,
    reference,
    word,
)
from savant.models.types import BigId, Json, VerbatimJson
from savant.schemas.base import Visibility
from savant.schemas.jobs import CRITICAL
from savant.schemas.programs import RunnableType
from savant.schemas.runs import RunStatus

UNSUCCESSFUL = ("failed", "stopped", "waiting")
"""The statuses that go with an error code; no other does."""


class Run(Identified, Tenant, Updated, Base):
    """`visibility` is that of what it runs, when it began; `program_hash` names the blob of what was resolved.

    `runnable_id` is None for a definition from a file. `attempts` counts how often the run was taken up, and is what
    whoever carries it out writes under; `crashes` counts those who vanished since a person last set it going. On a
    server, `admitted_at` is when it was given a slot and a job.

    A delegated run has no journal of its own: its steps are those of `journal_run_id` under `journal_path`, and its
    row is written with them (`database.child_runs`).
    """

    __tablename__ = "runs"
    __table_args__ = (
        one_of("runnable_type", RunnableType),
        one_of("status", RunStatus),
        one_of("visibility", Visibility),
        CheckConstraint(f"(status IN {UNSUCCESSFUL}) = (error_code IS NOT NULL)", name="error_code"),
        Index("idx_runs_runnable", "runnable_type", "runnable_id"),
        Index("idx_runs_workspace_id", "workspace_id", "id"),
        Index("idx_runs_journal_run_id_journal_path", "journal_run_id", "journal_path", unique=True),
        latest("idx_runs_created_at", "created_at"),
        partial_unique(
            "idx_runs_idempotency_key",
            "workspace_id",
            "user_id",
            "idempotency_key",
            where="idempotency_key IS NOT NULL",
        ),
        {"sqlite_autoincrement": True},
    )

    workspace_id: Mapped[int] = mapped_column(BigId, ForeignKey("workspaces.id", ondelete="CASCADE"), sort_order=-9)
    user_id: Mapped[int | None] = reference("users.id", "SET NULL")
    visibility: Mapped[str] = word("team")
    runnable_type: Mapped[str] = word()
    runnable_id: Mapped[int | None] = mapped_column(BigId)
    runnable_slug: Mapped[str] = mapped_column(String(255))
    version_id: Mapped[int | None] = reference("definition_versions.id", "SET NULL")
    parent_run_id: Mapped[int | None] = reference("runs.id", "CASCADE")
    journal_run_id: Mapped[int | None] = mapped_column(BigId)
    journal_path: Mapped[str | None]
    forked_from_id: Mapped[int | None] = reference("runs.id", "SET NULL")
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str] = word("pending", index=True)
    priority: Mapped[int] = number(CRITICAL)
    admitted_at: Mapped[datetime | None]
    goal: Mapped[str | None]
    inputs: Mapped[dict[str, Any]] = mapped_column(VerbatimJson, default=dict)
    config: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))
    program_hash: Mapped[str | None] = mapped_column(CHAR(64))
    repository_commit: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[Any | None] = mapped_column(VerbatimJson)
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None]
    failed_path: Mapped[str | None]
    cost_usd: Mapped[float | None] = mapped_column(Double)
    input_tokens: Mapped[int] = number(0, big=True)
    output_tokens: Mapped[int] = number(0, big=True)
    attempts: Mapped[int] = number(0)
    crashes: Mapped[int] = number(0)
    lease_holder: Mapped[str | None] = mapped_column(String(255))
    lease_expires_at: Mapped[datetime | None]
    stop_requested_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None] = mapped_column(BigId)
