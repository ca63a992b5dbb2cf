"""How a step can end, other than with its output: failed at a cost, diverged, or waiting for an answer."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.schemas.spendings import Charge, Payers
from savant.schemas.steps import Step

Decision = Literal["retry", "done", "fail", "approve", "deny"]


class Outcome(msgspec.Struct):
    """What `do` may return instead of its bare output, to have its cost and tokens recorded with the step.

    With `error` the step fails with it, and what the failure cost is still recorded. `payers` are who spend it.
    """

    output: Any
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: SavantError | None = None
    payers: Payers = ()

    @property
    def charges(self) -> list[Charge]:
        return [Charge(self.payers, self.cost_usd)] if self.payers and self.cost_usd else []


class Spent(msgspec.Struct):
    """What the model calls of a run used so far, on every attempt; `unpriced` are those whose cost is unknown."""

    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0

    def add(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        self.calls += 1
        self.tokens += input_tokens + output_tokens
        self.cost_usd += cost_usd or 0.0
        self.unpriced += cost_usd is None

    def add_step(self, step: Step) -> None:
        """Count a recorded step, if it is a model call that was answered."""
        if step.type == "model" and step.input_tokens is not None:
            self.add(step.input_tokens, step.output_tokens or 0, step.cost_usd)


class Spending:
    """What was spent by the whole run, and under each path of it; what `under` gives goes on growing."""

    def __init__(self) -> None:
        self.total = Spent()
        self._under: dict[str, Spent] = {}

    def under(self, path: str) -> Spent:
        return self._under.setdefault(path, Spent())

    def add_step(self, step: Step) -> None:
        if step.type != "model":
            return
        self.total.add_step(step)
        path = step.path
        while "/" in path:
            path = path.rpartition("/")[0]
            self.under(path).add_step(step)


class Answer(NamedTuple):
    """What a person decided, and why; the reason of a denial is told to the model."""

    decision: Decision
    reason: str | None = None


class Parked(Exception):
    """The run cannot go on without an answer; it unwinds, waits as a row, and resumes at the same step."""

    def __init__(self, kind: Literal["uncertain_step", "tool", "approval"], path: str, details: dict[str, Any]) -> None:
        super().__init__(f"{kind} at {path}")
        self.kind = kind
        self.path = path
        self.details = details


class Divergence(SavantError):
    """The program asked for something else than what is recorded at this path."""

    def __init__(self, path: str, recorded: Any, current: Any, message: str | None = None) -> None:
        super().__init__(
            ErrorCode.DIVERGENCE,
            message or f"Step {path} now has another input than the recorded one.",
            hint="The definition, the tools or the inputs changed since this run was recorded; start a new run.",
            details={"path": path, "recorded": recorded, "current": current},
        )


def recorded_error(step: Step) -> SavantError:
    """The error that a failed step ended with."""
    known = step.error_code in ErrorCode.__members__.values()
    code = ErrorCode(step.error_code) if known else ErrorCode.UNEXPECTED
    return SavantError(code, step.error_message or "The step failed.")


def describe(step: Step) -> dict[str, Any]:
    """What every event of a step says of it."""
    described: dict[str, Any] = {"path": step.path, "type": step.type, "attempt": step.attempt}
    if step.tool_name is not None:
        described["tool_name"] = step.tool_name
    if step.agent is not None:
        described["agent"] = step.agent
    return described
