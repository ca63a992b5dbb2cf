"""Shares over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.shares import Share, ShareCreate, ShareList
from savant.server.v1.stored import Id


class Shares(Protocol):
    async def list(self, query: ShareList) -> builtins.list[Share]:
        """Shares of what one can read, the newest first."""
        ...

    async def create(self, create: ShareCreate) -> Share:
        """Open something to a user, the team, everybody, or whoever has a link."""
        ...

    async def delete(self, id: Id) -> None:
        """Take back what was shared."""
        ...
