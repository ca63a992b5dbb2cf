"""A process that takes files apart for another: tasks come in on stdin, what became of them goes out on stdout.

Each message is its length in eight bytes and then `marshal`ed tuples, which costs a fifth of pickling named ones; both
ends are this version of Savant on this Python. What kills the reader of a file kills this process, and no other.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import signal
import subprocess
import sys
from typing import IO, Any

from savant.runtime.indexing.parse import Outcome, Task, packed, parse_all, unpacked


class WorkerDied(Exception):
    """The process ended before it answered."""


class Worker:
    """One such process, started when it is first asked; used by one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def _started(self) -> subprocess.Popen[bytes]:
        """The process; not imported as a script would be, so that the caller may be any script."""
        if self._closed:
            raise WorkerDied
        if self._process is None:
            command = [sys.executable, "-P", "-m", __name__]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._process

    def ask(self, root: str, tasks: list[Task], max_bytes: int) -> list[Outcome]:
        """What became of each task; raises WorkerDied."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _send(process.stdin, (root, [tuple(task) for task in tasks], max_bytes))
            answer = _receive(process.stdout)
        except (OSError, ValueError):  # a broken pipe, or one that `close` has closed
            answer = None
        if answer is None:
            self._end()
            raise WorkerDied
        return [unpacked(one) for one in answer]

    def close(self) -> None:
        """End it for good, whatever it is doing."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what was not yet written to a process that is gone
                    if pipe is not None:
                        pipe.close()


def _send(pipe: IO[bytes], message: Any) -> None:
    data = marshal.dumps(message)
    pipe.write(len(data).to_bytes(8, "little") + data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:
    """The next message; None at the end, and where one is cut off."""
    size = pipe.read(8)
    if len(size) < 8:
        return None
    data = pipe.read(length := int.from_bytes(size, "little"))
    return marshal.loads(data) if len(data) == length else None


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that waits, which then ends this one
    gc.disable()  # what it makes has no circles, and it does not live long
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the answers
    while (asked := _receive(sys.stdin.buffer)) is not None:
        root, tasks, max_bytes = asked
        _send(answers, [packed(one) for one in parse_all(root, [Task(*task) for task in tasks], max_bytes)])


if __name__ == "__main__":
    main()
