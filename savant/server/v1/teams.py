"""Teams over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.people import Team, TeamCreate, TeamUpdate
from savant.server.v1.stored import Id


class Teams(Protocol):
    async def list(self) -> builtins.list[Team]:
        """The teams one is in."""
        ...

    async def create(self, create: TeamCreate) -> Team:
        """A new team with one workspace; whoever makes it is its owner."""
        ...

    async def get(self, id: Id) -> Team:
        """One of one's teams."""
        ...

    async def update(self, id: Id, update: TeamUpdate) -> Team:
        """Change what is given, and leave the rest."""
        ...

    async def delete(self, id: Id) -> None:
        """Remove a team with all its workspaces."""
        ...
