"""The audit log over HTTP."""

from __future__ import annotations

import builtins
from typing import Protocol

from savant.schemas.audit import AuditLog, AuditQuery
from savant.schemas.base import Page


class AuditLogs(Protocol):
    async def list(self, query: AuditQuery) -> Page[AuditLog]:
        """Who changed what, from where; the newest first."""
        ...

    async def export(self, query: AuditQuery) -> builtins.list[AuditLog]:
        """All of it at once."""
        ...
