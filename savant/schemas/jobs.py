"""Jobs: what happens later, on whichever machine is free."""

from __future__ import annotations

from typing import Any

from savant.schemas.base import Schema

CRITICAL, HIGH, NORMAL, LOW = 30, 20, 10, 0
"""A person waits; a schedule is due; an index; a clean-up. The higher goes first."""


class DeadJob(Schema):
    """A job that failed so often that nobody tries it again: what it does, with what, and how often it was tried."""

    id: int
    name: str
    arguments: dict[str, Any]
    attempts: int
