"""Being told at once that this process is to stop: its server only waits for connections to end, and streams do not."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told(then: Callable[[], None]) -> Generator[None]:
    """Call `then` in the event loop when a signal comes, beside what was done at one before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(then)
        first = before[signal.Signals(number)]
        if callable(first):
            first(number, frame)

    for number, first in before.items():
        if callable(first):  # what ends the process without a word is left as it is
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, first in before.items():
            signal.signal(number, first)
