"""What is wrong with a model's answer, and with a model that goes round in circles."""

from __future__ import annotations

from collections.abc import Sequence

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.actions import Result
from savant.runtime.llm.base import ModelResponse, ToolCall

MOST_REPEATS = 3


def failure_of(response: ModelResponse, model: str) -> SavantError | None:
    """BAD_OUTPUT for an answer that is cut off, refused or empty; None for any other."""
    if response.stop_reason == "length":
        what, hint = "answered at more length than it may", "Raise `max_output_tokens`, or ask for less."
    elif response.stop_reason == "refused":
        what, hint = "refused to answer", "Change the goal or the prompt, or try another model."
    elif not response.tool_calls and not response.text.strip():
        what, hint = "answered nothing", "Resume to ask again, or try another model."
    else:
        return None
    return SavantError(ErrorCode.BAD_OUTPUT, f"{model} {what}.", hint=hint, details={"text": response.text})


def repeats(turns: Sequence[Sequence[ToolCall]]) -> bool:
    """Whether the last turn makes the same calls for the third time running; raises STUCK for the fourth."""
    running = 1
    while running < len(turns) and _same(turns[-1], turns[-1 - running]):
        running += 1
    if running > MOST_REPEATS:
        names = ", ".join(call.name for call in turns[-1])
        raise SavantError(
            ErrorCode.STUCK,
            f"The model made the same call {running} times running, also when told not to: {names}.",
            hint="Look at its last steps: the prompt, the tool or the model must change.",
        )
    return running == MOST_REPEATS


def told_to_stop(calls: Sequence[ToolCall]) -> list[Result]:
    """The results of calls that are not made a third time."""
    text = (
        f"You made this same call {MOST_REPEATS} times running, so it was not made again. "
        "Use what you already have: make another call, or give your final answer."
    )
    return [Result(call, text, is_error=True) for call in calls]


def _same(one: Sequence[ToolCall], other: Sequence[ToolCall]) -> bool:
    return [_key(call) for call in one] == [_key(call) for call in other]


def _key(call: ToolCall) -> tuple[str, object, str | None]:
    return call.name, call.arguments, call.invalid
