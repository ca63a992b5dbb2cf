"""Versions of definitions over HTTP."""

from __future__ import annotations

from typing import Annotated, Protocol

import msgspec

from savant.schemas.plans import Kind
from savant.schemas.versions import Version
from savant.server.v1.stored import Ref

Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1, description="The number of the version.")]


class Versions(Protocol):
    async def list(self, kind: Kind, slug: Ref) -> list[Version]:
        """All of them, the newest first, without their definitions."""
        ...

    async def get(self, kind: Kind, slug: Ref, version: Number) -> Version:
        """One version with its definition."""
        ...

    async def rollback(self, kind: Kind, slug: Ref, version: Number) -> Version:
        """Make an older version the stored one again."""
        ...
