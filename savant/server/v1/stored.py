"""What is stored by slug: the five verbs, and the types of what stands in a path."""

from __future__ import annotations

from typing import Annotated, Protocol, TypeVar

import msgspec

from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.runs import Run, RunExecute, RunsOf

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1, description="The number of the item.")]
Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=255, description="The slug of the item.")]
T = TypeVar("T")
C = TypeVar("C", contravariant=True)
U = TypeVar("U", contravariant=True)


class Stored(Protocol[T, C, U]):
    async def list(self, query: ListQuery) -> Page[T]:
        """What there is, in order of slug."""
        ...

    async def create(self, create: C) -> T:
        """Store a new one; its slug is made of its name unless given."""
        ...

    async def get(self, ref: Ref) -> T:
        """One of them."""
        ...

    async def update(self, ref: Ref, update: U) -> T:
        """Change what is given, and leave the rest."""
        ...

    async def delete(self, ref: Ref) -> None:
        """Remove it; refused while something else needs it."""
        ...


class Runnable(Stored[T, C, U], Protocol[T, C, U]):
    async def execute(self, ref: Ref, execute: RunExecute) -> Run:
        """Begin a run of it; a worker carries it out."""
        ...

    async def runs(self, ref: Ref, query: RunsOf) -> Page[Run]:
        """Its runs, the newest first."""
        ...
