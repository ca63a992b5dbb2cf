"""Where a replay and its record part: said in words, with the difference as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from savant.errors import SavantError
from savant.runtime.journal import Divergence
from savant.runtime.replay.texts import unified
from savant.schemas.replays import Parting, What
from savant.schemas.steps import Step


def diverged(step: Step, what: What, recorded: Any, current: Any) -> Divergence:
    """Another input, output or error at a recorded step."""
    name = f"Step {step.step_number} ({step.path})"
    match what:
        case "error" if recorded is None:
            message = f"{name} was recorded as completed, and now fails: {current}"
        case "error" if current is None:
            message = f"{name} was recorded as failed ({recorded}), and now completes."
        case "error":
            message = f"{name} now fails in another way."
        case _:
            message = f"{name} now has another {what} than the recorded one."
    return _divergence(step.path, step.step_number, what, recorded, current, message)


def altered(step: Step, error: SavantError | None) -> Divergence:
    """A limit or a policy now ends a recorded step, or no longer does; the step without a path is the run."""
    name = f"Step {step.step_number} ({step.path})" if step.path else "The run"
    was = f"was recorded as failed ({step.error_message})" if step.error_message else "was recorded as completed"
    now = f"now fails: {error}" if error else "now goes on"
    number, recorded, current = step.step_number or None, step.error_message, error and str(error)
    return _divergence(step.path, number, "error", recorded, current, f"{name} {was}, and {now}")


def retried(made: Sequence[Step], then: int, now: int) -> Divergence:
    """A step is given up earlier than in the record, or is tried again after what was its end."""
    step = made[min(now, len(made)) - 1]
    how = f"given up after attempt {now}" if now < then else "tried again"
    message = f"Step {step.step_number} ({step.path}) failed ({step.error_message}), and now is {how}."
    return _divergence(step.path, step.step_number, "error", {"attempts": then}, {"attempts": now}, message)


def unreached(path: str, input: Any, recorded: Step | None) -> Divergence:
    """The program asks for what the record does not have."""
    number = recorded.step_number if recorded else None
    message = f"Step {path} is not in the record."
    if recorded is not None:
        message = f"Step {number} ({path}) has no recorded end, but what stands around it has."
    return _divergence(path, number, "missing", None, input, message)


def left_out(step: Step) -> Divergence:
    """The record has what the program no longer asks for."""
    message = f"Step {step.step_number} ({step.path}) is recorded, and no longer reached."
    return _divergence(step.path, step.step_number, "left_out", step.path, None, message)


def other_result(recorded: Any, current: Any) -> Divergence:
    """The run as a whole ends in another way."""
    return _divergence("", None, "result", recorded, current, "The run now ends in another way than the recorded one.")


def _divergence(path: str, number: int | None, what: What, recorded: Any, current: Any, message: str) -> Divergence:
    divergence = Divergence(path, recorded, current, message)
    divergence.hint = None
    divergence.details["step_number"] = number
    divergence.details["what"] = what
    divergence.details["difference"] = unified(recorded, current)
    return divergence


def parting(divergence: Divergence) -> Parting:
    """A divergence, to be said across a door."""
    details = divergence.details
    return Parting(
        what=details.get("what", "input"),
        path=details["path"],
        step_number=details.get("step_number"),
        message=divergence.message,
        difference=details.get("difference", ""),
        recorded=details["recorded"],
        current=details["current"],
    )
