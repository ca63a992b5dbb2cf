"""Dead jobs over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.jobs import DeadJob


class Jobs(Protocol):
    async def list(self) -> list[DeadJob]:
        """Jobs that failed so often that nobody tries them again, the newest first."""
        ...

    async def retry(self, id: int) -> DeadJob:
        """Have one tried again."""
        ...
