"""A trace: one event of the telemetry of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from savant.schemas.base import Schema
from savant.schemas.runs import Event


class Trace(Schema):
    """One event; `seq` is strictly increasing within a run. `step_number` is None for events of the run itself."""

    seq: int
    event_type: str
    payload: dict[str, Any]
    timestamp: datetime
    step_number: int | None = None

    def event(self, run_id: int) -> Event:
        """What a follower of the run sees of it."""
        return Event(
            type=self.event_type, run_id=run_id, payload=self.payload, seq=self.seq, step_number=self.step_number,
            timestamp=self.timestamp,
        )  # fmt: skip
