"""Login sessions over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.keys import LoginSession
from savant.server.v1.stored import Id


class LoginSessions(Protocol):
    async def list(self) -> builtins.list[LoginSession]:
        """Where one is signed in."""
        ...

    async def delete(self, id: Id) -> None:
        """End one of one's sessions."""
        ...
