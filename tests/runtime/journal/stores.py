"""Journal stores that fail, or lose what was not yet written, as a disk and a killed process do."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from savant.runtime.journal_store import MemoryStore


class CountingStore(MemoryStore):
    """Counts its transactions, each of which takes a moment, as a disk's do."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    async def write(self, *args: Any, **kwargs: Any) -> None:
        self.writes += 1
        await asyncio.sleep(0.001)
        await super().write(*args, **kwargs)


class FailingStore(CountingStore):
    """Refuses every write after the first `good` of them, until `mended`."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good = good
        self.mended = False

    async def write(self, *args: Any, **kwargs: Any) -> None:
        if self.writes >= self.good and not self.mended:
            await asyncio.sleep(0.001)
            raise OSError("the disk is full")
        await super().write(*args, **kwargs)


class SlowStore(MemoryStore):
    """Reads the steps it was given only after a while, as a store that first waits for a connection does."""

    async def write(self, *args: Any, **kwargs: Any) -> None:
        await asyncio.sleep(0.01)
        await super().write(*args, **kwargs)


class KeepingStore(MemoryStore):
    """Remembers what was on disk before its first write and after each: the states a kill can leave behind."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[dict[str, Any]] = [self._state()]

    async def write(self, *args: Any, **kwargs: Any) -> None:
        await super().write(*args, **kwargs)
        self.states.append(self._state())

    def _state(self) -> dict[str, Any]:
        return copy.deepcopy({"steps": self.steps, "traces": self.traces, "blobs": self.blobs})

    def killed_after(self, write: int) -> MemoryStore:
        """A store as it would be found by a new process after this many writes."""
        left = MemoryStore()
        for name, value in copy.deepcopy(self.states[write]).items():
            setattr(left, name, value)
        return left
