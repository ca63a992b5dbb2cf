"""Processes that left the group they were started in, found by a mark that they inherited in their environment."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

MARK = "SAVANT_PROCESS"
_PROCESSES = Path("/proc")
_MOST_ROUNDS = 5


def kill_marked(value: str) -> None:
    """Kill everything that carries this mark, where the system shows it (on Linux)."""
    for _ in range(_MOST_ROUNDS):  # what was forked while we looked is found by the next look
        if not [pid for pid in _all() if _kill(pid, f"{MARK}={value}".encode())]:
            return


def _all() -> Iterator[int]:
    if _PROCESSES.is_dir():
        yield from (int(entry.name) for entry in _PROCESSES.iterdir() if entry.name.isdigit())


def _kill(pid: int, mark: bytes) -> bool:
    """Whether it was alive and carried the mark. It is held by a handle, for its number may be another's meanwhile."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if mark not in (_PROCESSES / str(pid) / "environ").read_bytes().split(b"\0"):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
