"""Following a run over HTTP: everything once and in order, wherever it is carried out."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import text, update
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from savant import clock
from savant.database.connect import Database
from savant.database.seed import local_actor
from savant.models.run import Run
from savant.models.trace import Trace
from savant.schemas.runs import Event
from savant.server import stream
from savant.services import following
from savant.services.app import App
from savant.services.deltas import telling
from savant.settings import Settings
from tests.serving import mint

PATIENCE = 20.0


class Elsewhere:
    """Another process, which carries out a run: it shares nothing with the server but the database."""

    def __init__(self, database: Database, actor: Any, id: int) -> None:
        self.database, self.actor, self.id = database, actor, id
        self.seq = 0

    async def write(self, count: int = 1, size: int = 1) -> None:
        async with self.database.work(self.actor) as work:
            for _ in range(count):
                self.seq += 1
                row = Trace(
                    run_id=self.id, seq=self.seq, event_type="step.started", payload={"path": "x" * size},
                    timestamp=clock.now(),
                )  # fmt: skip
                work.session.add(row)

    async def end(self, status: str = "completed") -> None:
        code = None if status == "completed" else "approval_needed"
        async with self.database.work(self.actor) as work:
            await work.session.execute(update(Run).where(Run.id == self.id).values(status=status, error_code=code))


@pytest.fixture
async def elsewhere(database: Database, superuser: Database) -> Elsewhere:
    actor = await local_actor(superuser)
    async with database.work(actor) as work:
        row = Run(runnable_type="workflow", runnable_slug="w", status="running", user_id=actor.user_id)
        work.session.add(row)
        await work.session.flush()
        id = row.id
    return Elsewhere(database, actor, id)


@pytest.fixture
def heard_only(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    """On Postgres a server looks at nothing that it has not heard of."""
    monkeypatch.setitem(following.LOOK_SECONDS, "postgresql", 3600.0)


async def messages(answer: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, each with its `event`, `id` and `data`."""
    found: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line == "" and found:
            yield found
            found = {}
        elif name in ("event", "id", "data"):
            found[name] = json.loads(value) if name == "data" else value


async def read(http: httpx2.AsyncClient, id: int, **more: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE), http.stream("GET", f"/runs/{id}/events", timeout=PATIENCE, **more) as answer:
        assert answer.status_code == 200
        return [message async for message in messages(answer)]


async def test_what_is_over_is_told_whole_and_resumed_anywhere(http: httpx2.AsyncClient, elsewhere: Elsewhere) -> None:
    await elsewhere.write(5)
    await elsewhere.end()
    told = await read(http, elsewhere.id)
    assert [message.get("id") for message in told] == ["1", "2", "3", "4", "5", None]
    assert told[0]["data"]["run_id"] == elsewhere.id
    assert told[-1]["event"] == "end"
    again = await read(http, elsewhere.id, headers={"Last-Event-ID": "3"})
    assert [message.get("id") for message in again] == ["4", "5", None]
    assert [message["event"] for message in await read(http, elsewhere.id, params={"after": "5"})] == ["end"]


@pytest.mark.usefixtures("heard_only")
async def test_what_another_process_does_is_heard_by_all_who_follow(
    http: httpx2.AsyncClient, elsewhere: Elsewhere
) -> None:
    await elsewhere.write(2)
    readers = [asyncio.create_task(read(http, elsewhere.id)) for _ in range(5)]
    for _ in range(20):
        await asyncio.sleep(0.02)
        await elsewhere.write(3)
    late = asyncio.create_task(read(http, elsewhere.id))
    await elsewhere.write(3)
    await elsewhere.end("waiting")
    for told in [*await asyncio.gather(*readers), await late]:
        assert [message.get("id") for message in told] == [*map(str, range(1, 66)), None]


async def test_who_is_far_behind_reads_on_from_the_database(
    http: httpx2.AsyncClient, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "KEPT", 4)
    reading = asyncio.create_task(read(http, elsewhere.id))
    for count in (1, 50, 1, 200):
        await elsewhere.write(count)
        await asyncio.sleep(0.1)
    await elsewhere.end()
    assert [message.get("id") for message in await reading] == [*map(str, range(1, 253)), None]


@pytest.mark.usefixtures("heard_only")
async def test_words_come_as_they_are_said_and_a_lost_connection_is_found_again(
    http: httpx2.AsyncClient, elsewhere: Elsewhere, settings: Settings, superuser: Database
) -> None:
    if superuser.dialect == "sqlite":
        pytest.skip("SQLite tells no other process anything: it is read again and again")
    reading = asyncio.create_task(read(http, elsewhere.id))
    await listened(superuser)
    worker = App(settings, elsewhere.database, elsewhere.actor)
    async with telling(worker) as listener:
        for word in ["Hel", "lo ", "wörld" * 500]:
            listener(Event(type="text.delta", run_id=elsewhere.id, payload={"path": "w/a", "text": word}))
    async with superuser.engine.connect() as connection:
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        here = " AND datname = current_database()"
        assert await connection.scalar(text(ended + here)) == 1
    await asyncio.sleep(0.1)
    await elsewhere.write(3)
    await elsewhere.end()
    told = await reading
    words = "".join(message["data"]["payload"]["text"] for message in told if message["event"] == "text.delta")
    assert words == "Hello " + "wörld" * 500
    assert [message["id"] for message in told if "id" in message] == ["1", "2", "3"]


async def listened(superuser: Database) -> None:
    """Return once the server listens."""
    listening = "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN savant_deltas' AND state = 'idle'"
    async with asyncio.timeout(PATIENCE):
        while True:
            async with superuser.engine.connect() as connection:  # which sees one moment as long as it lasts
                if await connection.scalar(text(listening + " AND datname = current_database()")):
                    return
            await asyncio.sleep(0.02)


async def test_who_takes_nothing_is_let_go_and_the_others_go_on(
    url: str, http: httpx2.AsyncClient, elsewhere: Elsewhere, superuser: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SEND_SECONDS", 0.3)
    key, address = await mint(superuser), urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as slow:
        asked = f"GET /v1/runs/{elsewhere.id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
        slow.sendall(asked.encode())
        reading = asyncio.create_task(read(http, elsewhere.id))
        await elsewhere.write(100, size=200_000)  # more than both ends of a connection hold back
        await asyncio.sleep(1.5)
        await elsewhere.write(1)
        await elsewhere.end()
        assert len(await reading) == 102
        assert len(await asyncio.to_thread(_drained, slow)) < 100 * 200_000


def _drained(connection: socket.socket) -> bytes:
    """All that still comes; a connection that was cut off ends, or is reset."""
    connection.settimeout(PATIENCE)
    found = b""
    try:
        while part := connection.recv(1 << 20):
            found += part
    except ConnectionResetError:
        pass
    return found


async def test_a_right_that_is_taken_away_ends_the_stream(
    http: httpx2.AsyncClient, elsewhere: Elsewhere, superuser: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr("savant.services.actors.KNOWN_SECONDS", 0.0)
    reading = asyncio.create_task(read(http, elsewhere.id))
    await asyncio.sleep(0.5)
    async with superuser.engine.begin() as connection:
        await connection.execute(text("UPDATE api_keys SET revoked_at = CURRENT_TIMESTAMP"))
    told = await reading
    assert (told[-1]["event"], told[-1]["data"]["code"]) == ("error", "not_signed_in")


@pytest.mark.parametrize(("path", "status"), [("/runs/999/events", 404), ("/runs/1/events?after=x", 422)])
async def test_a_stream_that_cannot_be_is_refused_before_it_begins(
    http: httpx2.AsyncClient, elsewhere: Elsewhere, path: str, status: int
) -> None:
    answer = await http.get(path.replace("/1/", f"/{elsewhere.id}/"))
    assert (answer.status_code, "error" in answer.json()) == (status, True)


async def test_a_socket_tells_the_same_and_says_why_it_closes(
    url: str, http: httpx2.AsyncClient, elsewhere: Elsewhere
) -> None:
    await elsewhere.write(3)
    address = url.replace("http", "ws") + f"/v1/runs/{elsewhere.id}/socket?after=1"
    headers = {"Authorization": http.headers["Authorization"]}
    seen: list[int] = []
    async with asyncio.timeout(PATIENCE), connect_socket(address, additional_headers=headers) as opened:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                seen.append(json.loads(await opened.recv())["seq"])
                if seen == [2, 3]:
                    await elsewhere.write(1)
                    await elsewhere.end()
    assert closed.value.rcvd is not None
    assert (seen, closed.value.rcvd.code) == ([2, 3, 4], 1000)


@pytest.mark.parametrize("known", [True, False])
async def test_a_socket_is_refused_to_who_may_not(url: str, http: httpx2.AsyncClient, known: bool) -> None:
    key = {"Authorization": http.headers["authorization"]} if known else {}
    with pytest.raises(InvalidStatus):
        async with connect_socket(f"{url.replace('http', 'ws')}/v1/runs/99/socket", additional_headers=key):
            pass


async def test_nobody_follows_without_a_key(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.get("/runs/1/events")).status_code == 401
