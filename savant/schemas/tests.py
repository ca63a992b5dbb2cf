"""Recorded tests: what a kept run is expected to come to, and what came of replaying it."""

from __future__ import annotations

from typing import Any, Literal

from savant.schemas.base import Input, Schema
from savant.schemas.replays import Parting
from savant.schemas.runs import RunStatus

Verdict = Literal["passed", "diverged", "failed", "broken"]


class Expect(Input):
    """Assertions on a replayed run; what is not given is not looked at.

    `contains` and `lacks` are texts in the result. `schema` is a JSON Schema of it: of an agent's `output` where it
    has one, else of its text; of a workflow's outputs. `expression` holds conditions over `result`, `status`,
    `error_code`, `steps`, `cost_usd` and `tools`. `called` and `never_called` are names of tools, globs included.
    """

    status: RunStatus | None = None
    error_code: str | None = None
    contains: list[str] = []
    lacks: list[str] = []
    schema: dict[str, Any] | bool | None = None
    expression: list[str] = []
    max_cost: float | None = None
    max_steps: int | None = None
    called: list[str] = []
    never_called: list[str] = []


class TestResult(Schema):
    """One recorded test: `diverged` from its record, `failed` an assertion, or `broken` (it could not be replayed)."""

    file: str
    verdict: Verdict
    steps: int = 0
    duration_ms: int = 0
    failures: list[str] = []
    divergence: Parting | None = None
