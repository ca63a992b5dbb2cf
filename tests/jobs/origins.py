"""Repositories of a workspace that lie on this machine."""

from __future__ import annotations

from pathlib import Path

import msgspec

from savant.schemas.repositories import RepositoryCreate
from savant.services import repositories
from savant.services.app import App


async def add(app: App, origin: Path) -> None:
    """Make it a repository of the workspace: by an operator, since nobody else may name a place on this machine."""
    here = App(msgspec.structs.replace(app.settings, serves=False), app.database, app.actor)
    await repositories.create(here, RepositoryCreate(url=f"file://{origin}", slug="r"))
