"""Folders and the network of this machine: who asks from another one has no say in them."""

from __future__ import annotations

from pathlib import Path

from savant.errors import ErrorCode, SavantError
from savant.runtime import addresses
from savant.runtime.indexing import clone
from savant.services.app import App


def named(app: App, path: str | None) -> Path | None:
    """A folder by the path that a caller gives; FORBIDDEN where Savant serves others."""
    if path is None:
        return None
    refuse(app, path)
    return Path(path)


def refuse(app: App, place: str) -> None:
    """Raise FORBIDDEN for a path on a server, and for an address that is not plainly of the open Internet."""
    if not app.serves:
        return
    if place.startswith("file:") or not clone.is_url(place):
        raise SavantError(
            ErrorCode.FORBIDDEN,
            "A path means nothing on a server: it would be one of its own machine.",
            hint="Name a repository of the workspace, or the URL of one.",
        )
    if not app.settings.server.private_addresses:
        addresses.place_of(place)


async def guarded(app: App, remote: clone.Remote) -> clone.Remote:
    """The remote as git may open it: on a server only where its address leads now, if that is public."""
    operators_own = remote.url.startswith("file:") or not remote.url
    if not app.serves or app.settings.server.private_addresses or operators_own:
        return remote
    return clone.pinned(remote, *await addresses.resolved(remote.url))
