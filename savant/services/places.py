"""Folders of this machine: who asks from another one has no say in them."""

from __future__ import annotations

from pathlib import Path

from savant.errors import ErrorCode, SavantError
from savant.runtime.indexing import clone
from savant.services.app import App


def named(app: App, path: str | None) -> Path | None:
    """A folder by the path that a caller gives; FORBIDDEN where Savant serves others."""
    if path is None:
        return None
    refuse(app, path)
    return Path(path)


def refuse(app: App, place: str) -> None:
    """Raise FORBIDDEN for a path or `file:` address on a server."""
    if app.serves and (place.startswith("file:") or not clone.is_url(place)):
        raise SavantError(
            ErrorCode.FORBIDDEN,
            "A path means nothing on a server: it would be one of its own machine.",
            hint="Name a repository of the workspace, or the URL of one.",
        )
