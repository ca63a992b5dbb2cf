"""Workspaces over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.people import Workspace, WorkspaceCreate, WorkspaceUpdate
from savant.server.v1.stored import Id


class Workspaces(Protocol):
    async def list(self) -> builtins.list[Workspace]:
        """The workspaces of all teams one is in."""
        ...

    async def create(self, create: WorkspaceCreate) -> Workspace:
        """A new workspace of the team one works in."""
        ...

    async def get(self, id: Id) -> Workspace:
        """One of them."""
        ...

    async def update(self, id: Id, update: WorkspaceUpdate) -> Workspace:
        """Change what is given, and leave the rest."""
        ...

    async def delete(self, id: Id) -> None:
        """Remove a workspace and everything in it but its audit log."""
        ...
