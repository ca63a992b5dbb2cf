"""Jobs: what happens later, on whichever machine is free."""

from __future__ import annotations

from typing import Any, Literal

from savant.schemas.base import Schema

CRITICAL, HIGH, NORMAL, LOW = 30, 20, 10, 0
"""A person waits; a schedule is due; an index; a clean-up. The higher goes first."""


class DeadJob(Schema):
    """A job that failed so often that nobody tries it again: what it does, with what, and how often it was tried."""

    id: int
    name: str
    arguments: dict[str, Any]
    attempts: int


class QueueStatus(Schema):
    """Who does the jobs of a server, and the slots that the workspace's runs have there.

    `waits_for` says what the run that was asked about waits for: a slot, a worker that lives, or its turn.
    """

    workers: int
    slots: int
    taken: int
    waits_for: Literal["slot", "worker", "turn"] | None = None
