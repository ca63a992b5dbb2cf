"""A run is followed over HTTP by its record, and a follower that was cut off goes on where it was."""

from __future__ import annotations

import asyncio

import httpx2
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from savant import clock
from savant.database.connect import Database
from savant.database.seed import local_actor
from savant.models.run import Run
from savant.models.trace import Trace


async def a_run(database: Database, status: str, events: int) -> int:
    async with database.work(await local_actor(database)) as work:
        run = Run(runnable_type="agent", runnable_slug="a", status=status)
        work.session.add(run)
        await work.session.flush()
        await write(work.session, run.id, 1, events)
    return run.id


async def write(session: object, run_id: int, first: int, last: int, kind: str = "step.started") -> None:
    for seq in range(first, last + 1):
        trace = Trace(run_id=run_id, seq=seq, event_type=kind, payload={"path": f"s{seq}"}, timestamp=clock.now())
        session.add(trace)  # type: ignore[attr-defined]


async def numbers(http: httpx2.AsyncClient, path: str, headers: dict[str, str] | None = None) -> list[str]:
    lines: list[str] = []
    async with http.stream("GET", path, headers=headers or {}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            lines.append(line)
    assert "event: end" in lines
    return [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]


async def test_a_finished_run_is_told_from_the_start_or_from_where_one_was(
    http: httpx2.AsyncClient, database: Database
) -> None:
    run_id = await a_run(database, "completed", 5)
    assert await numbers(http, f"/runs/{run_id}/events") == ["1", "2", "3", "4", "5"]
    assert await numbers(http, f"/runs/{run_id}/events", {"Last-Event-ID": "3"}) == ["4", "5"]
    assert await numbers(http, f"/runs/{run_id}/events?after=5") == []


async def test_what_another_process_writes_is_told_as_it_comes(http: httpx2.AsyncClient, database: Database) -> None:
    run_id = await a_run(database, "running", 1)
    following = asyncio.create_task(numbers(http, f"/runs/{run_id}/events"))
    await asyncio.sleep(0.5)
    assert not following.done()
    async with database.work(await local_actor(database)) as work:
        await write(work.session, run_id, 2, 3)
        run = await work.session.get(Run, run_id)
        assert run is not None
        run.status = "completed"
    assert await asyncio.wait_for(following, 20) == ["1", "2", "3"]


@pytest.mark.parametrize(("path", "status"), [("/runs/99/events", 404), ("/runs/x/events", 422)])
async def test_what_cannot_be_followed_is_said_as_everything_else(
    http: httpx2.AsyncClient, path: str, status: int
) -> None:
    answer = await http.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json")


async def test_nobody_follows_without_a_key(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.get("/runs/1/events")).status_code == 401


async def test_the_same_over_a_web_socket(url: str, http: httpx2.AsyncClient, database: Database) -> None:
    run_id = await a_run(database, "completed", 4)
    address = f"{url.replace('http', 'ws', 1)}/v1/runs/{run_id}/socket?after=2"
    key = {"Authorization": http.headers["authorization"]}
    async with connect(address, additional_headers=key) as socket:
        told = [msgspec.json.decode(message)["seq"] async for message in socket]
    assert told == [3, 4]


@pytest.mark.parametrize("known", [True, False])
async def test_a_web_socket_is_refused_to_who_may_not(url: str, http: httpx2.AsyncClient, known: bool) -> None:
    key = {"Authorization": http.headers["authorization"]} if known else {}
    with pytest.raises(InvalidStatus):
        async with connect(f"{url.replace('http', 'ws', 1)}/v1/runs/99/socket", additional_headers=key):
            pass
