"""A step: one recorded effect or decision of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from savant.schemas.base import Schema

StepType = Literal[
    "model", "tool", "agent", "workflow", "condition", "parallel", "foreach", "set", "fail", "approval", "clock"
]
StepStatus = Literal["pending", "running", "completed", "failed", "interrupted", "skipped"]
Effect = Literal["read", "idempotent", "write"]


class Step(Schema):
    """One row of the journal.

    `path` is where in the program the step stands, the same on every execution; `attempt` counts from 1;
    `step_number` is the order in which steps of the run started, from 1. `input` and `output` are JSON values.
    `handled` says that a failure is an ordinary outcome for whoever asked (an agent's tool call, `on_error:
    continue`), so a resume serves it again instead of trying anew.
    """

    path: str
    step_number: int
    type: StepType
    effect: Effect
    input_hash: str
    attempt: int = 1
    status: StepStatus = "running"
    handled: bool = False
    tool_name: str | None = None
    agent: str | None = None
    input: Any = None
    output: Any = None
    error_code: str | None = None
    error_message: str | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: int | None = None
