"""API keys over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.keys import ApiKey, ApiKeyCreate
from savant.server.v1.stored import Id


class ApiKeys(Protocol):
    async def list(self) -> builtins.list[ApiKey]:
        """One's own keys; everybody's for an admin."""
        ...

    async def create(self, create: ApiKeyCreate) -> ApiKey:
        """A new key, which is shown this once."""
        ...

    async def get(self, id: Id) -> ApiKey:
        """One of them, without its secret."""
        ...

    async def delete(self, id: Id) -> None:
        """Revoke it."""
        ...
