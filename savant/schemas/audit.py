"""The audit log: who changed what, from where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from savant.schemas.base import Input, Schema


class AuditLog(Schema):
    """`details` holds the changes by column as `[before, after]`, the request's number, and the key that was used."""

    id: int
    action: str
    user_id: int | None
    resource_type: str | None
    resource_id: int | None
    details: dict[str, Any]
    ip_address: str | None
    user_agent: str | None
    created_at: datetime


class AuditQuery(Input):
    """Filters, newest first; `action` is a verb as `agents.update`, or a noun as `agents`."""

    action: str | None = None
    user_id: int | None = None
    resource_type: str | None = None
    resource_id: int | None = None
    after: datetime | None = None
    before: datetime | None = None
    limit: int = 100
    cursor: str | None = None
