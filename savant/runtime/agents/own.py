"""Tools an agent has besides those of its toolbox: a bigger model, the rest of a long output, its delegates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from savant.runtime.agents.condense import shown
from savant.runtime.journal import Journal
from savant.runtime.journal_input import Handled
from savant.runtime.llm.base import ToolCall
from savant.runtime.tools.base import ToolSpec
from savant.runtime.tools.engine import tool_failed
from savant.schemas.steps import StepType

ESCALATE = ToolSpec(
    name="escalate",
    description="Hand the task over to a more capable model, when it is too hard for you or you are not sure.",
    input_schema={
        "type": "object",
        "properties": {"reason": {"type": "string", "description": "What is too hard, in a sentence"}},
        "required": [],
    },
    effect="read",
)
_READ_ON = ToolSpec(
    name="output.read",
    description="Read a part of a tool output that you were only shown a digest of.",
    input_schema={
        "type": "object",
        "properties": {
            "step": {"type": "string", "description": "The step whose output it is, as the digest names it"},
            "offset": {"type": "integer", "minimum": 0, "description": "Characters to skip; 0 unless given"},
        },
        "required": ["step"],
        "additionalProperties": False,
    },
    effect="read",
)


class OwnTool(msgspec.Struct, kw_only=True):
    """One such tool. `judged` ones are subject to the policy's rules; `together` says if calls may run at once."""

    spec: ToolSpec
    do: Callable[[ToolCall, str], Awaitable[Any]]
    type: StepType = "tool"
    judged: bool = False
    handled: Handled = True
    input: Callable[[ToolCall], dict[str, Any]] = lambda call: call.arguments
    agent: Callable[[ToolCall], str | None] = lambda call: None
    show: Callable[[Any], str] = shown
    together: Callable[[ToolCall], bool] = lambda call: True


class Page(msgspec.Struct):
    """A part of an output; `more` characters come after it."""

    text: str
    offset: int
    more: int


def reading_on(journal: Journal, agent_path: str, share: Callable[[], int]) -> OwnTool:
    """The tool that reads on in what this agent's calls gave; `share` is how many tokens it may have at a time."""

    async def do(call: ToolCall, path: str) -> Any:
        step = journal.recorded(f"{agent_path}/{call.arguments['step']}")
        if step is None or step.status != "completed" or step.tool_name is None:
            raise tool_failed(f"There is no output of step `{call.arguments['step']}`.", "Name it as the digest does.")
        text = shown(await journal.value(step.output))
        offset = call.arguments.get("offset", 0)
        # Text of other scripts has about as many tokens as characters, and what is shown is written as JSON.
        length = share() * 2 if text.isascii() else share() // 2
        part = text[offset : offset + length]
        return msgspec.to_builtins(Page(part, offset, max(0, len(text) - offset - len(part))))

    return OwnTool(spec=_READ_ON, do=do)
