"""`python -m bench.server_runs`: how soon a run begins, and a thousand short ones over two worker processes.

A run is an agent whose model (a stub on loopback) answers at once: one step of work, with
the queue, the lease, the journal and the end around them. The stub counts what it is asked, so a run that was lost or
done twice shows there as well as in the tables.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import time
from typing import Any

import msgspec
import psutil
import psycopg
from sqlalchemy.engine import make_url

from bench import http, report
from bench.installation import Installation, installation, spent
from tests.stubs.models import ModelStub, Reply

AT_ONCE = 8
HEAD = ("runs (an agent whose model answers at once)", "figure")
SETTLE_SECONDS = 5.0
MOST_SECONDS = 400.0
CONFIG = """
model = "stub/stub-model"
[providers.stub]
wire = "openai"
base_url = "{url}"
default_model = "stub-model"
free = true
"""
AGENT = {"name": "Short"}
RUN = {"type": "agent", "slug": "short", "goal": "Say something."}
RECORD = """
SELECT count(*) FILTER (WHERE r.status = 'completed'), count(*) FILTER (WHERE r.attempts = 1),
  count(*) FILTER (WHERE (SELECT count(*) FROM traces t WHERE t.run_id = r.id AND t.event_type = 'run.completed') = 1)
FROM runs r WHERE r.id > %s
"""


async def measure(latencies: int, runs: int) -> None:
    async with (
        ModelStub([Reply(text="Something.")]) as stub,
        installation(CONFIG.format(url=stub.url)) as here,
        here.served() as (port, server),
    ):
        await http.once(port, http.request("POST", "/v1/agents", here.key, AGENT))
        async with here.workers(1):
            await asyncio.sleep(SETTLE_SECONDS)
            lines = await _latency(here, port, latencies)
        async with here.workers(2) as workers:
            await asyncio.sleep(SETTLE_SECONDS)
            lines += await _throughput(here, port, [server, *workers], stub, runs)
    report.say("python -m bench.server_runs", HEAD, lines)


async def _latency(here: Installation, port: int, count: int) -> list[list[str]]:
    """From the request that asks for a run to its answer, and to the first event of it."""
    answers: list[float] = []
    events: list[float] = []
    for number in range(count + 3):
        began = time.perf_counter()
        run = msgspec.json.decode(await http.once(port, http.request("POST", "/v1/runs", here.key, RUN)))["data"]
        answered = time.perf_counter() - began
        follower = await http.Connection.open(port)
        seen = await _first_event(follower, http.request("GET", f"/v1/runs/{run['id']}/events", here.key))
        if number >= 3:
            answers.append(answered)
            events.append(seen - began)
        await follower.reader.readuntil(b"event: end")
        follower.close()
    return [
        ["`POST /v1/runs` answers after", _spread(answers)],
        ["its first event is there after", _spread(events)],
    ]


async def _first_event(follower: http.Connection, request: bytes) -> float:
    follower.send(request)
    await follower.reader.readuntil(b"event: ")
    return time.perf_counter()


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[math.ceil(len(ordered) * 0.95) - 1]
    p99 = ordered[math.ceil(len(ordered) * 0.99) - 1]
    return (
        f"median {statistics.median(ordered) * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms"
        f" (of {len(ordered)})"
    )


async def _throughput(
    here: Installation, port: int, processes: list[psutil.Process], stub: ModelStub, runs: int
) -> list[list[str]]:
    address = make_url(here.addresses.owner).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as database:
        database.execute("SELECT set_config('app.workspace_id', '1', false)")
        before: int = _one(database, "SELECT max(id) FROM runs")[0]
        asked, cpu, began = len(stub.requests), spent(processes), time.perf_counter()
        await http.many(port, http.request("POST", "/v1/runs", here.key, RUN), runs, AT_ONCE)
        accepted = time.perf_counter() - began
        going = "SELECT count(*) FROM runs WHERE id > %s AND status IN ('pending', 'running')"
        while _one(database, going, before)[0] and time.perf_counter() - began < MOST_SECONDS:
            await asyncio.sleep(0.2)
        took, cpu = time.perf_counter() - began, spent(processes) - cpu
        await asyncio.sleep(SETTLE_SECONDS)  # what is done twice would be by then
        completed, once, ended = _one(database, RECORD, before)
    times = len(stub.requests) - asked
    return [
        [
            f"{runs:,} runs over two workers",
            f"accepted in {accepted:.1f} s, done in {took:.1f} s ({runs / took:.1f}/s)",
        ],
        ["CPU of server and workers together", f"{cpu / runs * 1e3:.0f} ms a run"],
        ["completed; at the first attempt; ended once", f"{completed:,}; {once:,}; {ended:,}"],
        ["times the model was asked", f"{times:,}"],
    ]


def _one(database: psycopg.Connection[Any], query: str, *given: Any) -> Any:
    return database.execute(query.encode(), given).fetchone()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--latencies", type=int, default=50)
    arguments.add_argument("--runs", type=int, default=1000)
    given = arguments.parse_args()
    asyncio.run(measure(given.latencies, given.runs))


if __name__ == "__main__":
    main()
