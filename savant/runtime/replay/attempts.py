"""What limits on time and attempts say of a recorded step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal import FINAL
from savant.runtime.journal_input import Retry
from savant.runtime.journal_outcomes import recorded_error
from savant.schemas.records import Record
from savant.schemas.steps import Step

# By path, and the name of what was asked: an error code, the attempts that would be made, or None for no objection.
Judged = Mapping[tuple[str, str], str | None]


def attempts(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """The attempts at each path that count: those that failed by themselves, and the last one."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        earlier = [attempt for attempt in found.get(step.path, []) if attempt.status == "failed"]
        found[step.path] = [*earlier, step]
    return found


def tries(made: Sequence[Step], retry: Retry | None) -> int:
    """How many of these attempts would be made; one more than there are if there would be another."""
    for number, step in enumerate(made, 1):
        if step.status != "failed":
            return number
        error = recorded_error(step)
        if retry is None or error.code in FINAL or retry(error, number) is None:
            return number
    return len(made) + 1


def late(step: Step | None, seconds: float | None, who: str) -> SavantError | None:
    """TIMEOUT if a step took longer than `seconds`, as far as the record says how long it took."""
    if step is None or seconds is None or step.duration_ms is None:
        return None
    rounded = 1 if step.error_code == ErrorCode.TIMEOUT else 0  # it was late then, if by less than a millisecond
    if step.duration_ms + rounded <= seconds * 1000:
        return None
    return SavantError(
        ErrorCode.TIMEOUT, f"{who} took {step.duration_ms / 1000:g} s, which is longer than {seconds:g} s."
    )


def whole(record: Record) -> Step:
    """The run itself as a step without a path."""
    return Step(
        path="",
        step_number=0,
        type=record.program.type,
        effect="read",
        input_hash="",
        status="completed" if record.status == "completed" else "failed",
        error_code=record.error_code,
        error_message=record.error_message,
        duration_ms=record.duration_ms,
    )
