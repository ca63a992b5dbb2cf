"""Room for runs, over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.storage import Gc, GcReport


class Storage(Protocol):
    async def gc(self, options: Gc) -> GcReport:
        """Delete what is too old or too much, then what no run needs."""
        ...
