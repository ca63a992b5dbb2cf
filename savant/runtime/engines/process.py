"""Child processes that leave nothing behind: their own group, no input, bounded output, killed as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_DRAIN_SECONDS = 1.0


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
    and when the caller is cancelled; `grace` seconds lie between asking (SIGTERM) and killing then. Of each stream
    the first `max_bytes` are kept; with `keep_end`, half of them from its start and half from its end.
    """
    tail = max_bytes // 2 if keep_end else 0
    child = _Child(max_bytes - tail, tail)
    transport, _ = await asyncio.get_running_loop().subprocess_exec(
        lambda: child,
        *argv,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        start_new_session=True,
    )
    timed_out = False
    try:
        _feed(transport, stdin)
        async with asyncio.timeout(timeout):
            await asyncio.shield(child.exited)
    except TimeoutError:
        timed_out = True
    finally:
        await _end(transport, child, grace)
    out, err = child.kept[1], child.kept[2]
    truncated = bool(out.dropped or err.dropped)
    return Completed(transport.get_returncode() or 0, out.bytes(), err.bytes(), truncated, timed_out)


class _Child(asyncio.SubprocessProtocol):
    """What is heard from the process: its exit, at once, and the closing of its pipes, which may come never."""

    def __init__(self, head: int, tail: int) -> None:
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.kept = {1: _Kept(head, tail), 2: _Kept(head, tail)}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.kept[fd].add(data)

    def process_exited(self) -> None:
        self.exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)


def _feed(transport: asyncio.SubprocessTransport, data: bytes | None) -> None:
    pipe = transport.get_pipe_transport(0)
    if data is not None and isinstance(pipe, asyncio.WriteTransport):
        pipe.write(data)
        pipe.close()


async def _end(transport: asyncio.SubprocessTransport, child: _Child, grace: float) -> None:
    group = transport.get_pid()
    try:
        if grace and not child.exited.done():
            _signal(group, signal.SIGTERM)
            await asyncio.wait([child.exited], timeout=grace)
        _signal(group, signal.SIGKILL)  # also what the process has left behind in its group
        await asyncio.shield(child.exited)
        # A child that left the group may hold the pipes open for ever; what it says is not waited for.
        await asyncio.wait([child.closed], timeout=_DRAIN_SECONDS)
    finally:
        if not child.exited.done():  # cancelled a second time, while it was being asked to end
            _signal(group, signal.SIGKILL)
        transport.close()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child may know of ours: where programs, the home and temporary files are, and no secrets."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "XDG_CONFIG_HOME", "SYSTEMROOT")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return {"LC_ALL": "C.UTF-8", **inherited, **(extra or {})}
