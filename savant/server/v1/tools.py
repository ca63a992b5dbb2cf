"""Tools over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.tools import Tool, ToolCreate, ToolUpdate
from savant.server.v1.stored import Ref, Stored


class Tools(Stored[Tool, ToolCreate, ToolUpdate], Protocol):
    async def install(self, ref: Ref) -> Tool:
        """Copy a tool of the system into the workspace."""
        ...
