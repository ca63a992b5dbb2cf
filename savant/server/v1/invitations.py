"""Invitations over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.people import Invitation, InvitationCreate
from savant.server.v1.stored import Id


class Invitations(Protocol):
    async def list(self) -> builtins.list[Invitation]:
        """Those that nobody has accepted yet, the newest first."""
        ...

    async def create(self, create: InvitationCreate) -> Invitation:
        """A new one, with the token that its link holds."""
        ...

    async def delete(self, id: Id) -> None:
        """Withdraw it."""
        ...
