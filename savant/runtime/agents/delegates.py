"""Delegates: agents that an agent may run, offered to it as one tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.authority import Authority
from savant.runtime.agents.condense import shown
from savant.runtime.agents.own import OwnTool
from savant.runtime.execution import Execution
from savant.runtime.llm.base import ToolCall
from savant.runtime.tools.base import ToolSpec
from savant.schemas.agents import AgentDefinition

NAME = "agents.run"
MOST_DEEP = 4  # agents above one another
# What a delegate can end with and its caller can live with. Anything else ends the run, which can be resumed.
_OUTCOMES = frozenset(
    {ErrorCode.BAD_OUTPUT, ErrorCode.STUCK, ErrorCode.MAX_STEPS, ErrorCode.POLICY_DENIED, ErrorCode.TIMEOUT}
)


class Delegation(NamedTuple):
    """Who an agent works for: the agents above it, the run's own first, and what they leave it to do."""

    above: tuple[str, ...]
    authority: Authority


Run = Callable[[Execution, str, str, str, Delegation], Awaitable[Any]]


def delegating(
    execution: Execution, slug: str, agent: AgentDefinition, above: tuple[str, ...], authority: Authority, run: Run
) -> OwnTool | None:
    """The tool that runs a delegate at the caller's expense; None where there is nobody to delegate to.

    Nobody runs itself or an agent above it, and at most four agents are above one another.
    """
    chain = (*above, slug)
    names = [name for name in agent.delegates if name not in chain]
    if not names or len(chain) >= MOST_DEEP or not authority.shows(NAME):
        return None

    def passed_on(name: str) -> Authority:
        return authority.delegated(_find(execution, name).tools)

    async def do(call: ToolCall, path: str) -> Any:
        name, goal = call.arguments["agent"], call.arguments["goal"]
        return await run(execution, name, goal, path, Delegation(chain, passed_on(name)))

    def only_reads(call: ToolCall) -> bool:
        name = call.arguments["agent"]
        tools = passed_on(name).visible(execution.toolbox.specs())
        return not _find(execution, name).delegates and all(tool.effect == "read" for tool in tools)

    return OwnTool(
        spec=_spec(execution, names),
        do=do,
        type="agent",
        judged=True,
        handled=lambda error: error.code in _OUTCOMES,
        input=lambda call: {**call.arguments, "inputs": {}},
        agent=lambda call: call.arguments["agent"],
        show=_shown,
        together=only_reads,
    )


def _spec(execution: Execution, names: list[str]) -> ToolSpec:
    listed = [f"- {name}: {_find(execution, name).description or _find(execution, name).name}" for name in names]
    return ToolSpec(
        name=NAME,
        description="\n".join(["Have another agent do a part of the task, and get its answer. There are:", *listed]),
        input_schema={
            "type": "object",
            "properties": {
                "agent": {"type": "string", "enum": names},
                "goal": {"type": "string", "minLength": 1, "description": "All it needs to know; it sees nothing else"},
            },
            "required": ["agent", "goal"],
            "additionalProperties": False,
        },
        effect="read",
    )


def _find(execution: Execution, name: str) -> AgentDefinition:
    found = execution.bundle.agents.get(name)
    if found is None:
        raise SavantError(
            ErrorCode.NOT_FOUND,
            f"There is no agent `{name}` to delegate to.",
            hint=f"There are: {', '.join(sorted(execution.bundle.agents))}.",
        )
    return found


def _shown(result: Any) -> str:
    return shown(result["text"] if result["output"] is None else result["output"])
