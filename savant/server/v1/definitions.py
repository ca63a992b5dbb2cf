"""Files against the workspace, over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.plans import Apply, Plan


class Definitions(Protocol):
    async def apply(self, apply: Apply) -> Plan:
        """Bring the workspace to what the files say; with `dry_run`, only say what that would change."""
        ...
