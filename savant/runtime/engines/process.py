"""Child processes that leave nothing behind: their own group, no input, bounded output, killed as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from savant import clock
from savant.runtime.engines.strays import MARK, kill_marked

_CHUNK = 65_536
_DRAIN_SECONDS = 1.0
CUT_DRAIN_SECONDS = 0.1


class Completed(NamedTuple):
    """How a process ended. `truncated`: more was written than was kept; `timed_out`: it was killed for its time."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    timed_out: bool


class _Kept:
    """The first `head` bytes of what a stream wrote, and the last `tail` bytes of the rest."""

    def __init__(self, head: int, tail: int) -> None:
        self.head, self.tail = bytearray(), bytearray()
        self.head_size, self.tail_size, self.dropped = head, tail, 0

    def add(self, data: bytes) -> None:
        room = self.head_size - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        if (excess := len(self.tail) - self.tail_size) > 0:
            self.dropped += excess
            del self.tail[:excess]

    def bytes(self) -> bytes:
        left_out = f"\n[... {self.dropped} bytes left out ...]\n".encode()
        return bytes(self.head + (left_out if self.dropped and self.tail_size else b"") + self.tail)


async def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes | None = None,
    timeout: float | None = None,
    max_bytes: int = 64_000_000,
    keep_end: bool = False,
    grace: float = 0.0,
) -> Completed:
    """Run `argv` to its end and say how it went; raises OSError where it cannot be started.

    The process leads its own group, and the whole group is killed when it ends, when `timeout` seconds are over
    and when the caller is cancelled; `grace` seconds lie between asking (SIGTERM) and killing then, and what left the
    group is killed too. Of each stream the first `max_bytes` are kept; with `keep_end`, half of them from its start
    and half from its end.
    """
    tail = max_bytes // 2 if keep_end else 0
    mark = clock.token(16)
    child = _Child(_start(argv, cwd, {**env, MARK: mark}, stdin), mark, max_bytes - tail, tail)
    timed_out = False
    try:
        async with asyncio.timeout(timeout):
            await asyncio.shield(child.exited)
    except TimeoutError:
        timed_out = True
    finally:
        await child.end(grace)
    out, err = child.out, child.err
    truncated = bool(out.dropped or err.dropped)
    return Completed(child.process.returncode or 0, out.bytes(), err.bytes(), truncated, timed_out)


def _start(argv: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: bytes | None) -> subprocess.Popen[bytes]:
    # asyncio's own subprocesses are not used: one that is cancelled while it starts may never be heard of again.
    with tempfile.TemporaryFile() if stdin is not None else Path(os.devnull).open("rb") as source:
        if stdin is not None:
            source.write(stdin)
            source.seek(0)
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


class _Child:
    """A process that is listened to: `exited` comes at its end, `closed` when its pipes are, which may be never."""

    def __init__(self, process: subprocess.Popen[bytes], mark: str, head: int, tail: int) -> None:
        self.process = process
        self._mark = mark
        self.out, self.err = _Kept(head, tail), _Kept(head, tail)
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._pipes = {process.stdout: self.out, process.stderr: self.err}
        for pipe in list(self._pipes):
            if pipe:
                os.set_blocking(pipe.fileno(), False)
                self._loop.add_reader(pipe.fileno(), self._read, pipe)
        self._await_exit()

    async def end(self, grace: float) -> None:
        """Kill the whole group if it has not ended, and let go of the pipes."""
        cut = not self.exited.done()
        try:
            if grace and cut:
                self._signal(signal.SIGTERM)
                await asyncio.wait([self.exited], timeout=grace)
            self._kill(strays=cut)
            await asyncio.shield(self.exited)
            # A child that left the group may hold the pipes open for ever; what it says is not waited for.
            await asyncio.wait([self.closed], timeout=CUT_DRAIN_SECONDS if cut else _DRAIN_SECONDS)
        finally:
            if not self.exited.done():  # cancelled a second time, while it was being asked to end
                self._kill(strays=True)
            for pipe in list(self._pipes):
                self._close(pipe)

    def _kill(self, *, strays: bool) -> None:
        self._signal(signal.SIGKILL)
        if strays:
            kill_marked(self._mark)

    def _await_exit(self) -> None:
        if hasattr(os, "pidfd_open"):
            fd = os.pidfd_open(self.process.pid)
            self._loop.add_reader(fd, self._exit_seen, fd)
        else:
            threading.Thread(target=self._wait_in_thread, daemon=True).start()

    def _wait_in_thread(self) -> None:
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._exit_seen, None)

    def _exit_seen(self, fd: int | None) -> None:
        if fd is not None:
            self._loop.remove_reader(fd)
            os.close(fd)
        # What it leaves behind in its group dies with it; until it is reaped, its number is nobody else's.
        self._signal(signal.SIGKILL)
        self.process.poll()
        self.exited.set_result(None)

    def _signal(self, number: signal.Signals) -> None:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def _read(self, pipe: IO[bytes]) -> None:
        try:
            data = os.read(pipe.fileno(), _CHUNK)
        except BlockingIOError:
            return
        if data:
            kept = self._pipes[pipe]
            kept.add(data)
        else:
            self._close(pipe)

    def _close(self, pipe: IO[bytes] | None) -> None:
        del self._pipes[pipe]
        if pipe:
            self._loop.remove_reader(pipe.fileno())
            pipe.close()
        if not self._pipes and not self.closed.done():
            self.closed.set_result(None)


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child may know of ours: where programs, the home and temporary files are, and no secrets."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "XDG_CONFIG_HOME", "SYSTEMROOT")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return {"LC_ALL": "C.UTF-8", **inherited, **(extra or {})}
