"""Approvals: what a waiting run asks, and what a person answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from savant.schemas.base import Input, Schema
from savant.schemas.programs import RunnableType

ApprovalKind = Literal["uncertain_step", "tool", "approval"]
ApprovalStatus = Literal["pending", "approved", "denied"]


class Approval(Schema):
    """One question of a run and, once it is answered, the answer.

    `kind` is `tool` (an agent wants to call one that needs approval), `approval` (a step of a workflow asks), or
    `uncertain_step` (a write was cut off and may have happened). `question` says it in a sentence, `details` hold the
    tool with its arguments, or the message.
    """

    id: int
    run_id: int
    runnable_type: RunnableType
    runnable_slug: str
    path: str
    kind: ApprovalKind
    question: str
    details: dict[str, Any]
    status: ApprovalStatus
    decision: str | None
    reason: str | None
    answered_by_id: int | None
    answered_at: datetime | None
    created_at: datetime


class ApprovalList(Input):
    """Filters of `approvals.list`, newest first; `status` None is all, `limit` is at most 1,000."""

    status: ApprovalStatus | None = "pending"
    run_id: int | None = None
    limit: int = 100
    cursor: str | None = None


class ApprovalAnswer(Input):
    """Why, in words that the model or the workflow is told. `done` says that an interrupted write did happen."""

    reason: str | None = None
    done: bool = False
