"""A trace: one event of the telemetry of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from savant.schemas.base import Schema


class Trace(Schema):
    """One event; `seq` is strictly increasing within a run. `step_number` is None for events of the run itself."""

    seq: int
    event_type: str
    payload: dict[str, Any]
    timestamp: datetime
    step_number: int | None = None
