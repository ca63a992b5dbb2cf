"""The part of a run that a fork keeps: what was begun before a step, as far as it had an end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.replay.journal import CONTAINERS
from savant.schemas.records import Record
from savant.schemas.steps import Step

_INSIDE = re.compile(r"[/.\[]")
AFTER_ALL = 1_000_000_000


def find(steps: Sequence[Step], at: str) -> int:
    """The number of the step that `at` names, by number or path (its first attempt)."""
    if not steps:
        raise SavantError(ErrorCode.USAGE, "The run has no steps yet.", hint="Start it again: savant runs retry ID")
    numbers = [step.step_number for step in steps if at in (step.path, str(step.step_number))]
    if numbers:
        return min(numbers)
    if at == str(steps[-1].step_number + 1):
        return steps[-1].step_number + 1
    paths = {step.path for step in steps}
    near = sorted(path for path in paths if path.endswith(f"/{at}") or path.endswith(f".{at}"))
    hint = f"Did you mean `{near[0]}`?" if near else f"It has the steps 1 to {steps[-1].step_number}."
    raise SavantError(ErrorCode.USAGE, f"The run has no step `{at}`.", hint=hint)


def kept(steps: Sequence[Step], at: int) -> list[Step]:
    """The rows that a fork at step number `at` begins with, unchanged.

    A step that stands around later ones is not among them: it is begun anew, and served what is inside. What is inside
    a failure that was handled stays, however it ended.
    """
    last: dict[str, Step] = {step.path: step for step in steps if step.step_number < at}
    later = [step.path for step in steps if step.step_number >= at]
    ended = {path for path, step in last.items() if _has_end(step) and not _is_around(step, later)}
    failed = [path for path in ended if last[path].status == "failed" and last[path].type in CONTAINERS]
    ended |= {path for path in last if any(is_inside(path, container) for container in failed)}
    return [step for step in steps if step.step_number < at and step.path in ended]


def before(record: Record, at: int) -> Record:
    """The record as it stood when step `at` began: with what was under way, and no end."""
    whole = {step.step_number for step in kept(record.steps, at)}
    steps: list[Step] = []
    for step in record.steps:
        if step.step_number in whole:
            steps.append(step)
        elif step.step_number < at and step.type in CONTAINERS:
            steps.append(msgspec.structs.replace(step, status="running", output=None))
    return msgspec.structs.replace(
        record, steps=steps, status="running", result=None, error_code=None, error_message=None
    )


def _has_end(step: Step) -> bool:
    return step.status == "completed" or (step.status == "failed" and step.handled)


def _is_around(step: Step, paths: Iterable[str]) -> bool:
    return step.type in CONTAINERS and any(is_inside(path, step.path) for path in paths)


def is_inside(path: str, container: str) -> bool:
    """Whether a step stands inside another one; what an `on_error` does after it is not inside."""
    rest = path.removeprefix(container)
    return rest != path and bool(_INSIDE.match(rest)) and not rest.startswith(".on_error/")
