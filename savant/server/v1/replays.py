"""Readings of recorded runs over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.records import Record
from savant.schemas.replays import Replay, RunDiff, RunReplay
from savant.schemas.runs import Run
from savant.schemas.traces import Trace
from savant.server.v1.stored import Id


class Replays(Protocol):
    async def replay(self, id: Id, options: RunReplay) -> Replay:
        """Run it again from its record, offline; says whether it is equal, or where it parts first."""
        ...

    async def diff(self, id: Id, other: Id) -> RunDiff:
        """What differs between two runs, step by step."""
        ...

    async def export(self, id: Id) -> Record:
        """The whole run in one piece."""
        ...

    async def keep(self, record: Record, traces: list[Trace]) -> Run:
        """A run that was made elsewhere, to be shown, replayed and compared here."""
        ...
