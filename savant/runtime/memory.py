"""Memories: what agents keep from one run to another, in a workspace, for one agent or for all of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from savant import clock
from savant.runtime.indexing.words import stems

EVERYBODY = ""  # the agent of a memory that the whole workspace shares
# Words that say nothing about what a text is about, by their stems.
_COMMON = frozenset(
    stems(
        "a all also an and any are as at be been but by can could did do does for from had has have how i if in into "
        "is it its me my no not of on or our please so that the their them then there these they this to up us was we "
        "were what when where which who why will with would you your"
    ).split()
)


class NewMemory(msgspec.Struct, kw_only=True):
    """What is to be remembered. `agent` is a slug, or EVERYBODY; `run_id` and `path` say which step it is from."""

    text: str
    tags: list[str] = []
    agent: str = EVERYBODY
    run_id: int | None = None
    path: str | None = None


class Memory(NewMemory, kw_only=True):
    """What is remembered."""

    id: int
    created_at: datetime


class MemoryStore(Protocol):
    """The memories of one workspace."""

    async def remember(self, new: NewMemory) -> Memory:
        """Keep it. The same text for the same agent, or from the same step of a run, is there already, once."""
        ...

    async def recall(self, query: str, *, agent: str, tags: Sequence[str], limit: int) -> list[Memory]:
        """The memories of this agent and of everybody, best first, that have a word of `query` and all of `tags`.

        A query without words finds all of them, the latest first. `query_words` says which words count.
        """
        ...


def query_words(query: str) -> list[str]:
    """The stems a query is about, once each; without the words that every text has."""
    return [word for word in dict.fromkeys(stems(query).split()) if word not in _COMMON]


class MemoryList:
    """Memories kept in this process alone."""

    def __init__(self) -> None:
        self._kept: list[Memory] = []

    async def remember(self, new: NewMemory) -> Memory:
        for kept in self._kept:
            if kept.agent == new.agent and (kept.text == new.text or _is_same_step(kept, new)):
                return kept
        memory = Memory(id=len(self._kept) + 1, created_at=clock.now(), **msgspec.structs.asdict(new))
        self._kept.append(memory)
        return memory

    async def recall(self, query: str, *, agent: str, tags: Sequence[str], limit: int) -> list[Memory]:
        seen = [kept for kept in self._kept if kept.agent in (agent, EVERYBODY) and set(tags) <= set(kept.tags)]
        wanted = query_words(query)
        if not wanted:
            return seen[::-1][:limit]
        found = [(memory, _words(memory)) for memory in seen]
        held = Counter(word for _, words in found for word in words)
        scored = [
            (sum(math.log(1 + len(found) / held[word]) for word in wanted if word in words), memory.id, memory)
            for memory, words in found
        ]
        best = sorted((score, id, memory) for score, id, memory in scored if score > 0)
        return [memory for _, _, memory in reversed(best)][:limit]


def _is_same_step(kept: NewMemory, new: NewMemory) -> bool:
    return new.path is not None and (kept.run_id, kept.path) == (new.run_id, new.path)


def _words(memory: Memory) -> set[str]:
    return set(stems(" ".join([memory.text, *memory.tags])).split())
