"""What a model would see first, exactly, without asking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from savant.runtime.agents.authority import Authority
from savant.runtime.agents.desk import Desk
from savant.runtime.agents.loop import find_agent, run_delegate
from savant.runtime.agents.prompt import FROM_USER
from savant.runtime.agents.seats import seats
from savant.runtime.blobs import canonical
from savant.runtime.execution import Execution
from savant.runtime.llm.tokens import tokens, tool_tokens
from savant.schemas.prompts import AgentPrompt, PromptPart


async def preview(
    execution: Execution, slug: str, goal: str, *, inputs: Mapping[str, Any] | None = None
) -> AgentPrompt:
    """The prompt an agent would begin with, and about how many tokens each of its parts has.

    Recalls what the goal brings to mind, as a run does; raises what a run raises before its first model call.
    """
    agent = find_agent(execution, slug)
    authority = Authority(agent.tools)
    desk = Desk(execution, slug, agent, seats(execution, slug, agent), authority, (), "agent", run_delegate)
    await desk.begin(goal, inputs)
    parts = [
        PromptPart(
            name=part.name,
            role="user" if part.name in FROM_USER else "system",
            text=part.text,
            tokens=tokens(part.text),
        )
        for part in desk.parts
    ]
    if desk.acts.tools:
        text = canonical(desk.acts.tools).decode()
        parts.insert(0, PromptPart(name="tools", role="tools", text=text, tokens=tool_tokens(desk.acts.tools)))
    return AgentPrompt(
        agent=slug,
        model=desk.seat.id,
        context_window=desk.seat.facts.context_window,
        parts=parts,
        tokens=sum(part.tokens for part in parts),
    )
