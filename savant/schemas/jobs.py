"""Jobs: what happens later, on whichever machine is free."""

from __future__ import annotations

CRITICAL, HIGH, NORMAL, LOW = 30, 20, 10, 0
"""A person waits; a schedule is due; an index; a clean-up. The higher goes first."""
