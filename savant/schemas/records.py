"""A record: one whole run in one piece, as it is replayed, compared, exported and kept as a test."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from savant.schemas.base import Json, Schema
from savant.schemas.programs import Program
from savant.schemas.runs import RunConfig, RunStatus
from savant.schemas.steps import Effect, Step

FORMAT = 1


class RecordedTool(Schema):
    """A tool as it was when the run was made; `input_schema` is JSON Schema of an object."""

    name: str
    description: str
    input_schema: dict[str, Any]
    effect: Effect
    output_schema: dict[str, Any] | None = None


class Record(Schema):
    """Everything a run was and did.

    `run_id` is the number that its expressions saw. Inputs and outputs of `steps` may refer to `blobs`, which are
    canonical JSON texts by their SHA-256. `tools` are all that the run could reach.
    """

    run_id: int
    program: Program
    status: RunStatus
    goal: str | None = None
    inputs: dict[str, Json] = msgspec.field(default_factory=dict)
    config: RunConfig = msgspec.field(default_factory=RunConfig)
    result: Json = None
    error_code: str | None = None
    error_message: str | None = None
    steps: list[Step] = msgspec.field(default_factory=list)
    tools: list[RecordedTool] = msgspec.field(default_factory=list)
    blobs: dict[str, bytes] = msgspec.field(default_factory=dict)
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: int | None = None
    cost_usd: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
