"""The memory engine: what an agent keeps for its next run, and finds again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from savant.runtime.memory import EVERYBODY, MemoryStore, NewMemory
from savant.runtime.memory import Memory as Kept
from savant.runtime.origin import origin
from savant.runtime.tools.engine import Engine, tool

Text = Annotated[str, Meta(min_length=1, max_length=4000, description="One fact, in words that will be searched for")]
Tags = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...],
    Meta(max_length=16, description="Words to file it by"),
]
Scope = Annotated[
    Literal["agent", "workspace"], Meta(description="Who shall recall it: this agent alone, or every agent")
]


class Remembered(msgspec.Struct, kw_only=True):
    """A memory, and the step of the run it is from."""

    id: int
    text: str
    tags: list[str]
    scope: Literal["agent", "workspace"]
    run_id: int | None
    step: str | None
    created_at: datetime


class Memory(Engine):
    """What agents keep from run to run: each its own, and what they share. The same text is kept once."""

    name = "memory"

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @tool(effect="idempotent")
    async def remember(self, *, text: Text, tags: Tags = (), scope: Scope = "agent") -> Remembered:
        """Keep a fact for later runs: what you found out that will still be true then."""
        here = origin()
        return _remembered(
            await self._store.remember(
                NewMemory(
                    text=text,
                    tags=list(tags),
                    agent=_agent() if scope == "agent" else EVERYBODY,
                    run_id=here.run_id if here else None,
                    path=here.path if here else None,
                )
            )
        )

    @tool(effect="read")
    async def recall(
        self,
        *,
        query: Annotated[str, Meta(max_length=1000, description="Words it may have; empty for the latest")] = "",
        tags: Annotated[Tags, Meta(description="Tags it must have, all of them")] = (),
        limit: Annotated[int, Meta(ge=1, le=50)] = 10,
    ) -> tuple[Remembered, ...]:
        """Find what you, or all agents, were told to remember, best first."""
        found = await self._store.recall(query, agent=_agent(), tags=tags, limit=limit)
        return tuple(_remembered(memory) for memory in found)


def _agent() -> str:
    """Whose memories these are; a step of a workflow, which has no agent, has everybody's."""
    here = origin()
    return (here.agent if here else None) or EVERYBODY


def _remembered(memory: Kept) -> Remembered:
    return Remembered(
        id=memory.id,
        text=memory.text,
        tags=memory.tags,
        scope="workspace" if memory.agent == EVERYBODY else "agent",
        run_id=memory.run_id,
        step=memory.path,
        created_at=memory.created_at,
    )
