"""The lines of `--output jsonl` while a run is followed: it begins with `init` and ends with `result`, always."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from savant.schemas.base import Schema


class Init(Schema, kw_only=True, tag="init", tag_field="type"):
    """The first line. `ref` is what was asked for; `run_id` is there when a known run is followed."""

    schema_version: int
    savant_version: str
    ref: str | None = None
    run_id: int | None = None


class Happening(Schema, kw_only=True):
    """What every line between has; stored events carry `seq`, and can be asked for again after it."""

    run_id: int
    seq: int | None = None
    step_number: int | None = None
    timestamp: datetime | None = None


class RunEvent(Happening, kw_only=True, tag_field="type"):
    """A run changes its state."""

    status: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    duration_ms: int | None = None
    attempt: int | None = None


class StepEvent(Happening, kw_only=True, tag_field="type"):
    """A step begins, ends, or is served from the record."""

    path: str
    type_: str | None = msgspec.field(name="step_type", default=None)
    attempt: int | None = None
    tool_name: str | None = None
    agent: str | None = None
    preview: str | None = None
    duration_ms: int | None = None
    cost_usd: float | None = None
    error_code: str | None = None
    error_message: str | None = None
    handled: bool | None = None


class RunStarted(RunEvent, tag="run.started"): ...


class RunResumed(RunEvent, tag="run.resumed"): ...


class RunCompleted(RunEvent, tag="run.completed"): ...


class RunFailed(RunEvent, tag="run.failed"): ...


class RunStopped(RunEvent, tag="run.stopped"): ...


class RunWaiting(RunEvent, tag="run.waiting"): ...


class StepStarted(StepEvent, tag="step.started"): ...


class StepCompleted(StepEvent, tag="step.completed"): ...


class StepFailed(StepEvent, tag="step.failed"): ...


class StepInterrupted(StepEvent, tag="step.interrupted"): ...


class StepServed(StepEvent, tag="step.served"): ...


class TextDelta(Happening, kw_only=True, tag="text.delta", tag_field="type"):
    """More text of an answer, as the model says it; not stored."""

    path: str
    text: str
    agent: str | None = None


class Usage(Schema, kw_only=True):
    """Tokens of a whole run."""

    input_tokens: int
    output_tokens: int


class Result(Schema, kw_only=True, tag="result", tag_field="type"):
    """The last line, whatever happened; `exit_code` is the process's own."""

    status: str
    error_code: str | None
    exit_code: int
    cost_usd: float | None
    usage: Usage | None
    run_id: int | None
    error_message: str | None = None
    approval_id: int | None = None
    result: Any = None
    error: dict[str, Any] | None = None


Line = (
    Init
    | RunStarted
    | RunResumed
    | RunCompleted
    | RunFailed
    | RunStopped
    | RunWaiting
    | StepStarted
    | StepCompleted
    | StepFailed
    | StepInterrupted
    | StepServed
    | TextDelta
    | Result
)
