"""What stored runs take up, and what of it may go."""

from __future__ import annotations

from typing import Annotated

import msgspec

from savant.schemas.base import Input, Schema

Age = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
"""Seconds, up to some thirty years."""
Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
RunNumber = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Gc(Input):
    """What `storage.gc` takes. Finished runs go that are older than `keep_seconds`, then the oldest until all that is
    left has at most `max_bytes`; None is no limit. Pinned runs, and those that are not finished, never go.
    """

    keep_seconds: Age | None = None
    max_bytes: Size | None = None
    pin: list[RunNumber] = []
    unpin: list[RunNumber] = []
    dry_run: bool = False


class GcReport(Schema):
    """Which runs went (or would), how many blobs nothing refers to any more, and bytes before and after."""

    runs: list[int]
    blobs: int
    bytes_before: int
    bytes_after: int
    pinned: list[int]
    dry_run: bool


class DatabaseReport(Schema):
    """The state of a database; `problems` is empty for a sound one."""

    database: str
    revision: str | None
    bytes: int
    runs: int
    problems: list[str]
