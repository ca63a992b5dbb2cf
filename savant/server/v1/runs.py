"""Runs over HTTP."""

from __future__ import annotations

from typing import Annotated, Protocol

import msgspec

from savant.schemas.base import Page
from savant.schemas.programs import Program
from savant.schemas.replays import RunFork, RunRetry
from savant.schemas.runs import Run, RunCreate, RunList, RunResume
from savant.schemas.steps import Step
from savant.schemas.traces import Trace
from savant.server.v1.stored import Id

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=1000)]
EventType = Annotated[str, msgspec.Meta(max_length=255)]


class Runs(Protocol):
    async def start(self, create: RunCreate) -> Run:
        """Begin a run of an agent or a workflow; a worker carries it out."""
        ...

    async def list(self, query: RunList) -> Page[Run]:
        """Runs, the newest first."""
        ...

    async def get(self, id: Id) -> Run:
        """One run."""
        ...

    async def steps(self, id: Id) -> list[Step]:
        """All steps of a run by number, inputs and outputs in full."""
        ...

    async def traces(
        self, id: Id, after: Seq = 0, limit: Limit = 1000, event_type: EventType | None = None
    ) -> list[Trace]:
        """The run's events with a `seq` above `after`, in order; with `event_type` only those."""
        ...

    async def program(self, id: Id) -> Program:
        """What the run runs: every definition it resolved, with versions, models and the state of the repository."""
        ...

    async def stop(self, id: Id) -> Run:
        """Ask a run to stop; it does so before its next step, and a waiting one at once."""
        ...

    async def resume(self, id: Id, options: RunResume) -> Run:
        """Go on with a run that stopped, failed, waits or lost its worker, from its journal."""
        ...

    async def fork(self, id: Id, options: RunFork) -> Run:
        """A new run that begins with what another did before a step, and goes on live with what is changed."""
        ...

    async def retry(self, id: Id, options: RunRetry) -> Run:
        """A new run of the same definition and inputs; with `from_failed` it keeps what was completed."""
        ...

    async def delete(self, id: Id) -> None:
        """Remove a run with its steps and traces."""
        ...
