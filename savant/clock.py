"""Time, identifiers and randomness, in one place so that tests and replays can hold them still."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current time, timezone-aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def token(length: int = 16) -> str:
    """`length` random bytes as lower-case hex, from the operating system."""
    return os.urandom(length).hex()


def jitter() -> float:
    """A random factor in [0.5, 1.0) for backoff."""
    return random.uniform(0.5, 1.0)
