"""What readings of recorded runs take and give: replays, differences, forks."""

from __future__ import annotations

from typing import Literal

import msgspec

from savant.schemas.base import Input, Json, Schema
from savant.schemas.programs import Bundle
from savant.schemas.runs import RunStatus

What = Literal["input", "output", "error", "missing", "left_out", "result"]
Part = Literal["status", "input", "output", "error", "cost", "time"]


class RunReplay(Input):
    """What `replays.replay` takes. `changed` replaces definitions the run used; `others` are there for new names."""

    changed: Bundle = msgspec.field(default_factory=Bundle)
    others: Bundle = msgspec.field(default_factory=Bundle)


class Parting(Schema):
    """The first step at which a replay and its record differ; `path` is empty for the result of the run."""

    what: What
    path: str
    step_number: int | None
    message: str
    difference: str
    recorded: Json = None
    current: Json = None


class Replay(Schema):
    """A run that was run again from its record: `equal`, or with what `divergence` says. `steps` were compared."""

    run_id: int
    equal: bool
    status: RunStatus
    steps: int
    divergence: Parting | None = None


class Side(Schema):
    """A step, or the whole run, on one side of a comparison; None is unknown."""

    status: str
    step_number: int | None = None
    attempt: int | None = None
    cost_usd: float | None = None
    tokens: int | None = None
    duration_ms: int | None = None


class StepDiff(Schema):
    """One path of two runs; None where a run does not have it. `changed` names what differs.

    `input` and `output` are unified differences, line by line; of a prompt only what earlier steps have not shown.
    """

    path: str
    type: str
    first: Side | None
    second: Side | None
    changed: list[Part]
    input: list[str] = []
    output: list[str] = []


class RunDiff(Schema):
    """Two runs, aligned by path: `run` is the whole, `steps` are those that differ, `same` how many do not.

    `equal` says that nothing differs but cost and time, and `empty` that nothing does at all.
    """

    first: int
    second: int
    equal: bool
    empty: bool
    run: StepDiff
    steps: list[StepDiff]
    same: int


class Change(Input):
    """One substitution: where, and what to put there (JSON, or else text)."""

    path: str
    value: str


class RunFork(Input):
    """What `forks.fork` takes: the step to take the run up from, by number or path, and what is different then."""

    at: str
    changes: list[Change] = []


class RunRetry(Input):
    """What `forks.retry` takes; `from_failed` keeps every step that was completed."""

    from_failed: bool = False


class Measured(Schema):
    """One fork of a matrix: what it was given, and what it did by itself."""

    run_id: int
    settings: dict[str, str]
    status: RunStatus
    error_code: str | None
    steps: int
    cost_usd: float | None
    duration_ms: int | None


class Spread(Schema):
    """Several measurements; `deviation` is the sample's standard deviation."""

    least: float
    most: float
    mean: float
    deviation: float


class Combination(Schema):
    """The forks that were given the same; `outcomes` counts statuses, or error codes of those that failed."""

    settings: dict[str, str]
    runs: int
    outcomes: dict[str, int]
    cost_usd: Spread | None
    steps: Spread | None
    duration_ms: Spread | None
