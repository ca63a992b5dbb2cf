"""`python -m bench.server_list`: GET /v1/agents beside a bare Litestar handler, and whether a page gets dearer.

Both are one process over one Postgres, asked in turns by the same client. The floor reads in the same role, held to
row-level security by a workspace that is set once a connection, and knows nobody's key.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any, NamedTuple

import msgspec
import psutil
import psycopg
from sqlalchemy.engine import make_url

from bench import http, report
from bench.installation import Installation, answers, free_port, installation, spent
from bench.measure import Time, median
from savant.database.postgres import conninfo

AT_ONCE = 8
HEAD = (
    "GET /v1/agents",
    "throughput, of the bare handler's (best rounds)",
    "CPU, times the bare handler's",
    "CPU without a limit of requests",
)
PAGES = (20, 100)
SIZES = (1_000, 200_000)
FILL = """
INSERT INTO agents (workspace_id, name, slug, description, driver_prompt, created_by_id, created_at, updated_at)
SELECT 1, 'Agent ' || n, 'agent-' || lpad(n::text, 9, '0'), 'Looks at changes, and says what is wrong with them.',
  repeat('Read the change. ', 10), 1, now(), now() FROM generate_series(%s::int, %s::int) n
"""


class Side(NamedTuple):
    name: str
    port: int
    process: psutil.Process


async def measure(requests: int, rounds: int, sizes: tuple[int, ...]) -> None:
    async with installation() as here, here.served() as (port, process), here.served(limited=False) as (free, other):
        owner = make_url(here.addresses.owner).set(drivername="postgresql").render_as_string(hide_password=False)
        bare = free_port()
        with here.process("-m", "bench.bare_server", str(bare), conninfo(make_url(here.addresses.app), 1)) as floor:
            await answers(bare, floor)
            sides = [Side("Savant", port, process), Side("unlimited", free, other), Side("bare", bare, floor)]
            filled, lines = 0, list[list[str]]()
            for size in sizes:
                _fill(owner, filled + 1, size)
                filled = size
                for page in PAGES:
                    found = await _compare(here, sides, page, requests, rounds)
                    _tell(size, page, found)
                    lines.append(_line(size, page, found))
            report.say("python -m bench.server_list", HEAD, lines)


async def _compare(
    here: Installation, sides: list[Side], page: int, requests: int, rounds: int
) -> dict[str, tuple[Time, float]]:
    """Of each side: a request's wall time and the server's own CPU time; and that of the best round."""
    asked = http.request("GET", f"/v1/agents?limit={page}", here.key)
    times: dict[str, list[Time]] = {side.name: [] for side in sides}
    await _agree([side.port for side in sides], asked, page)
    for number in range(rounds + 1):
        for side in sides:
            began, before = time.perf_counter(), spent([side.process])
            await http.many(side.port, asked, requests, AT_ONCE)
            took = Time((time.perf_counter() - began) / requests, (spent([side.process]) - before) / requests)
            if number:
                times[side.name].append(took)
    return {name: (median(taken), min(time.wall for time in taken)) for name, taken in times.items()}


async def _agree(ports: list[int], asked: bytes, page: int) -> None:
    """RuntimeError unless all give the same agents, as many as were asked for."""
    told: list[list[Any]] = []
    for port in ports:
        told.append([agent["slug"] for agent in msgspec.json.decode(await http.once(port, asked))["data"]])
    if any(slugs != told[0] or len(slugs) != page for slugs in told):
        raise RuntimeError(f"They do not answer alike: {[len(slugs) for slugs in told]} agents.")


def _tell(size: int, page: int, found: dict[str, tuple[Time, float]]) -> None:
    floor, best_floor = found["bare"]
    for name, (took, best) in found.items():
        print(
            f"{size:>7,} rows, page of {page:>3}: {name:9} {1 / took.wall:7.0f}/s, {took.wall * 1e3:6.2f} ms, "
            f"CPU {took.cpu * 1e3:6.2f} ms; throughput {floor.wall / took.wall:4.0%} of the bare handler's "
            f"(best rounds {best_floor / best:4.0%}), CPU {took.cpu / floor.cpu:.2f}x",
            flush=True,
        )


def _line(size: int, page: int, found: dict[str, tuple[Time, float]]) -> list[str]:
    (ours, best), (free, _), (floor, best_floor) = (found[name] for name in ("Savant", "unlimited", "bare"))
    return [
        f"{size:,} agents, page of {page}",
        f"{floor.wall / ours.wall:.0%} ({best_floor / best:.0%})",
        f"{ours.cpu / floor.cpu:.2f}x ({ours.cpu * 1e3:.2f} ms)",
        f"{free.cpu / floor.cpu:.2f}x",
    ]


def _fill(owner: str, first: int, last: int) -> None:
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("SELECT set_config('app.workspace_id', '1', false)")
        connection.execute(FILL, [first, last])
        connection.execute("VACUUM ANALYZE agents")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--requests", type=int, default=400)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = arguments.parse_args()
    asyncio.run(measure(given.requests, given.rounds, tuple(given.sizes)))


if __name__ == "__main__":
    main()
