"""The processes of a server: a worker that is kept running beside it, and measures taken together."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager

STOP_SECONDS = 30.0
RESTART_SECONDS = 1.0


@contextmanager
def worker_beside() -> Generator[None, None, None]:
    """A worker in a process of its own, started again if it dies, and ended with the block."""
    stopping = threading.Event()
    current: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        while not stopping.is_set():
            # It ends as well when its stdin does, which it also does if this process is killed.
            command = [sys.executable, "-m", "savant.server", "worker", "--beside"]
            process = subprocess.Popen(command, stdin=subprocess.PIPE)
            current[:] = [process]
            process.wait()
            stopping.wait(RESTART_SECONDS)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for process in current:
            _end(process)
        keeper.join(STOP_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


@contextmanager
def measured_together(workers: int) -> Generator[None, None, None]:
    """Where there are several processes, each answers /metrics for all of them."""
    if workers < 2:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="savant-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
