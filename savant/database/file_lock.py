"""One process at a time, across processes of this machine."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from savant import clock
from savant.errors import ErrorCode, SavantError


@asynccontextmanager
async def file_lock(path: Path, seconds: float, doing: str) -> AsyncGenerator[None, None]:
    """Hold a lock file beside `path`; the system lets go of it if the process dies. `doing` is what is done to it."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        deadline = clock.monotonic() + seconds
        while not _try_lock(descriptor):
            if clock.monotonic() > deadline:
                raise SavantError(
                    ErrorCode.UNREACHABLE,
                    f"Another process has been {doing} {path} for {seconds:.0f} seconds.",
                    hint="Wait for it, or stop it, and try again.",
                )
            await asyncio.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
