"""`python -m bench.followers`: one run followed by SSE, by so many at once; who gets what when, and what it takes.

One server process; the followers are sockets in processes of their own. An event is inserted as a worker inserts it,
and carries the time at which its transaction began; all clocks are those of one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

import msgspec
import psutil
import psycopg
from sqlalchemy.engine import make_url

from bench import http, report
from bench.installation import ROOT, Installation, installation, spent

COUNTS = (100, 1_000, 10_000)
EVENTS = 5
HEAD = (
    "followers of one run", "let in", "within", "CPU to let one in", "told all in order", "an event, median", "p99",
    "last", "CPU an event and follower", "memory a follower",
)  # fmt: skip
EVERY_SECONDS = 3.0
PROCESSES = 2
OPENING = 50
"""So many connections a process opens at once."""
MEGABYTE = 1024 * 1024
RUN = """
INSERT INTO runs (workspace_id, user_id, runnable_type, runnable_slug, inputs, status)
VALUES (1, 1, 'agent', 'a', '{}', 'running') RETURNING id
"""
TRACE = """
INSERT INTO traces (run_id, seq, event_type, payload, timestamp)
VALUES (%s, %s, 'step.started', %s::jsonb, now())
"""


class Told(msgspec.Struct):
    """What a process of followers saw: how many were let in, got everything in order, and the delays in seconds."""

    opened: int
    whole: int
    delays: list[float]


async def measure(counts: tuple[int, ...], events: int) -> None:
    _raise_limit()
    async with installation() as here:
        lines: list[list[str]] = []
        for count in counts:
            async with here.served() as (port, process):
                lines.append(await _follow(here, port, process, count, events))
        report.say("python -m bench.followers", HEAD, lines)


async def _follow(here: Installation, port: int, process: psutil.Process, count: int, events: int) -> list[str]:
    owner = make_url(here.addresses.owner).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(owner, autocommit=True) as database:
        database.execute("SELECT set_config('app.workspace_id', '1', false)")
        id: int = database.execute(RUN).fetchone()[0]  # pyright: ignore[reportOptionalSubscript]
        await http.many(port, http.request("GET", f"/v1/runs/{id}", here.key), 50, 1)
        before, empty, began = spent([process]), _memory(process), time.perf_counter()
        parts = [count // PROCESSES + (number < count % PROCESSES) for number in range(PROCESSES)]
        followers = [_start(port, id, here.key, part, events) for part in parts]
        for each in followers:
            await asyncio.to_thread(each.stdout.readline)  # pyright: ignore[reportOptionalMemberAccess]
        opening, opened_cpu, full = time.perf_counter() - began, spent([process]) - before, _memory(process)
        before = spent([process])
        for seq in range(1, events + 1):
            database.execute(TRACE, [id, seq, msgspec.json.encode({"path": "a", "sent": time.time()}).decode()])
            await asyncio.sleep(EVERY_SECONDS)
        database.execute("UPDATE runs SET status = 'completed' WHERE id = %s", [id])
        told = [msgspec.json.decode(await asyncio.to_thread(_end, each), type=Told) for each in followers]
    return _tell(count, told, [opening, opened_cpu, (full - empty) / count, spent([process]) - before], events)


def _tell(count: int, told: list[Told], took: list[float], events: int) -> list[str]:
    opening, opened_cpu, memory, cpu = took
    delays = sorted(delay for each in told for delay in each.delays) or [math.nan]
    p99 = delays[math.ceil(len(delays) * 0.99) - 1]
    line = [
        f"{count:,}",
        f"{sum(each.opened for each in told):,}",
        f"{opening:.1f} s",
        f"{opened_cpu / count * 1e3:.2f} ms",
        f"{sum(each.whole for each in told):,}",
        f"{statistics.median(delays) * 1e3:.0f} ms",
        f"{p99 * 1e3:.0f} ms",
        f"{delays[-1] * 1e3:.0f} ms",
        f"{cpu / count / (events + 1) * 1e6:.0f} µs",
        f"{memory / 1024:.1f} KB",
    ]
    print(" | ".join(line), flush=True)
    return line


def _start(port: int, id: int, key: str, count: int, events: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.followers", "--follow", str(port), str(id), key, str(count), str(events)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def _end(process: subprocess.Popen[bytes]) -> bytes:
    return process.communicate(timeout=300)[0]


def _memory(process: psutil.Process) -> int:
    return process.memory_info().rss


def _raise_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Follower(asyncio.Protocol):
    """One who follows: sockets and bytes, and no task of its own."""

    def __init__(self, request: bytes, delays: list[float]) -> None:
        self.opened = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()
        self.seqs: list[int] = []
        self._request = request
        self._delays = delays
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            if line.startswith(b"HTTP/1.1 "):
                self._set(self.opened, line[9:12] == b"200")
            elif line.startswith(b"id: "):
                self.seqs.append(int(line[4:]))
            elif line.startswith(b"event: end"):
                self._set(self.ended, True)
            elif b'"sent":' in line:
                self._delays.append(now - float(line.split(b'"sent":')[1].split(b"}")[0]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._set(self.opened, False)
        self._set(self.ended, False)

    def _set(self, future: asyncio.Future[bool], value: bool) -> None:
        if not future.done():
            future.set_result(value)


async def _followers(port: int, id: int, key: str, count: int, events: int) -> None:
    """Say when all are let in, and at the end what was seen."""
    request, delays = http.request("GET", f"/v1/runs/{id}/events", key), list[float]()
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(OPENING)

    async def one() -> _Follower:
        async with gate:
            _, follower = await loop.create_connection(lambda: _Follower(request, delays), "127.0.0.1", port)
            await follower.opened
        return follower

    followers = await asyncio.gather(*(one() for _ in range(count)))
    print("all are in", flush=True)
    await asyncio.wait([follower.ended for follower in followers], timeout=240)
    whole = sum(
        follower.ended.done() and follower.ended.result() and follower.seqs == [*range(1, events + 1)]
        for follower in followers
    )
    opened = sum(follower.opened.result() for follower in followers)
    print(msgspec.json.encode(Told(opened, whole, delays)).decode())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    arguments.add_argument("--events", type=int, default=EVENTS)
    arguments.add_argument("--follow", nargs=5, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.follow:
        port, id, key, count, events = given.follow
        _raise_limit()
        asyncio.run(_followers(int(port), int(id), key, int(count), int(events)))
        return
    asyncio.run(measure(tuple(given.counts), given.events))


if __name__ == "__main__":
    main()
