"""How the client reaches Savant: the services in this process, or a server over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol, TypeVar

from savant.schemas.replays import RunFork, RunRetry
from savant.schemas.runs import Event, Run, RunCreate, RunResume

T = TypeVar("T")


class Transport(Protocol):
    """One verb of one noun is one call; a run is started and followed as well."""

    async def call(self, noun: str, verb: str, returns: type[T], /, **arguments: Any) -> T:
        """Do `noun.verb(**arguments)`; raises SavantError with the code the service gave."""
        ...

    async def start(self, create: RunCreate, *, detach: bool) -> Run:
        """Create a run and set it going; with `detach` it outlives this process."""
        ...

    async def resume(self, run_id: int, options: RunResume, *, detach: bool) -> Run: ...

    async def fork(self, run_id: int, options: RunFork, *, detach: bool) -> Run: ...

    async def retry(self, run_id: int, options: RunRetry, *, detach: bool) -> Run: ...

    def follow(self, run_id: int, after: int = 0) -> AsyncIterator[Event]:
        """Events with `seq` above `after`, and token deltas as they come; ends when the run waits or is finished."""
        ...

    async def aclose(self) -> None: ...
