"""Jobs over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.jobs import DeadJob, QueueStatus


class Jobs(Protocol):
    async def list(self) -> list[DeadJob]:
        """Jobs that failed so often that nobody tries them again, the newest first."""
        ...

    async def status(self, run_id: int | None = None) -> QueueStatus:
        """Whether a worker lives, the slots of the workspace, and what a run waits for."""
        ...

    async def retry(self, id: int) -> DeadJob:
        """Have one tried again."""
        ...
