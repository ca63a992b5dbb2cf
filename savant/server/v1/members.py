"""Members of teams over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.people import Invitation, Member, MemberAdd, MemberUpdate
from savant.server.v1.stored import Id


class Members(Protocol):
    async def list(self, team_id: Id) -> builtins.list[Member]:
        """Who is in a team, by address."""
        ...

    async def add(self, team_id: Id, add: MemberAdd) -> Invitation:
        """Ask somebody in; they are a member once they accept."""
        ...

    async def update(self, team_id: Id, user_id: Id, update: MemberUpdate) -> Member:
        """Change somebody's role."""
        ...

    async def remove(self, team_id: Id, user_id: Id) -> None:
        """Take somebody out of a team; what they made stays."""
        ...
