"""Oneself over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.people import Me, MeUpdate


class Myself(Protocol):
    async def get(self) -> Me:
        """Who one is, where, and as what."""
        ...

    async def update(self, update: MeUpdate) -> Me:
        """Change one's name or password."""
        ...
