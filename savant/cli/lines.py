"""Lines that a person types, or that come down a pipe, read without holding up what goes on meanwhile."""

from __future__ import annotations

import asyncio
import os
import sys


class Lines:
    """Reads standard input line by line; a line that is typed while nobody asks waits for the next question."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._read = b""
        self._ended = False

    async def next(self) -> str | None:
        """The next line without its end; None at the end of input."""
        while b"\n" not in self._read and not self._ended:
            await self._wait()
            chunk = os.read(self._descriptor, 65536)
            self._ended = not chunk
            self._read += chunk
        if not self._read:
            return None
        line, _, self._read = self._read.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        try:
            loop.add_reader(self._descriptor, lambda: ready.done() or ready.set_result(None))
        except PermissionError:
            return  # a file on disk: it never has to be waited for
        try:
            await ready
        finally:
            loop.remove_reader(self._descriptor)
