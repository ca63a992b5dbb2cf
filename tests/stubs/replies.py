"""What the stub of model servers shall answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FAULTS = frozenset(
    {
        "hang",  # nothing, ever
        "hang_mid",  # half of the answer, then nothing
        "reset",  # the connection is cut before any answer
        "reset_mid",  # half of the answer, then cut
        "html",  # a web page with status 200
        "bad_json",  # an event that is no JSON
        "truncated",  # no finish, but a clean end
        "empty_body",  # status 200 and no byte
        "error_in_stream",  # the text, and then an error event
        "plain",  # ignores `stream` and answers whole
        "wrong_type",  # a stream that calls itself text/plain
        "no_usage",
        "whole_calls",  # each tool call in one piece, without an index
        "object_arguments",  # arguments as an object instead of text
        "never_closes",  # everything, and then an open connection
        "drip",  # comments for ever: no silence, but no answer
    }
)


@dataclass
class Reply:
    """One answer. `status` other than 200 makes it an error with `message` and `retry_after`; `times` repeats it.

    `tools` are {"name", "arguments"}, names as on the wire; arguments given as text are sent as they are.
    """

    text: str = ""
    tools: list[dict[str, Any]] = field(default_factory=list)
    stop: str | None = None
    usage: dict[str, int] = field(default_factory=lambda: {"input": 10, "output": 5})
    status: int = 200
    message: str = "The stub was told to fail."
    kind: str | None = None
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | str | None = None
    fault: str | None = None
    delay: float = 0.0
    times: int = 1

    def __post_init__(self) -> None:
        if self.fault is not None and self.fault not in FAULTS:
            raise ValueError(f"no such fault: {self.fault}")


def choose(replies: list[Reply], number: int) -> Reply:
    """The reply to request `number`, from 0; the last one goes on for ever."""
    for reply in replies:
        if number < reply.times:
            return reply
        number -= reply.times
    return replies[-1]
