"""The processes of a server, and measures that they take together."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def measured_together(workers: int) -> Generator[None, None, None]:
    """Where there are several processes, each answers /metrics for all of them."""
    if workers < 2:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="savant-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
