"""The event loop of a command: Ctrl-C and SIGTERM unwind it, so that what was running is left resumable."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from savant.cli.door import Terminated

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], log: Path) -> T:
    """The result of `work`; raises KeyboardInterrupt or Terminated after its clean-up, if a signal ended it.

    What libraries have to say goes to `log`, which is made only if one speaks up.
    """
    _listen(log)
    return asyncio.run(_until_terminated(work))


def _listen(log: Path) -> None:
    with contextlib.suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, delay=True)
    handler.setLevel(logging.WARNING)
    handler.handleError = lambda record: None
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)


async def _until_terminated(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        if task is not None:
            task.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await work
    except asyncio.CancelledError:
        if terminated:
            raise Terminated from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
