"""What a run would do, over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.previews import RunPlan
from savant.schemas.prompts import AgentPrompt
from savant.schemas.runs import RunCreate


class Previews(Protocol):
    async def plan(self, create: RunCreate) -> RunPlan:
        """Its graph, tools, permissions, and what past runs cost."""
        ...

    async def prompt(self, create: RunCreate) -> AgentPrompt:
        """What an agent's model would read first; without a goal, a stand-in for it."""
        ...
