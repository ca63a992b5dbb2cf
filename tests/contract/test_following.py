"""A run is followed through connections that break: nothing is missed, and nothing is told twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from savant import clock
from savant.client import Client, connect, streaming
from savant.database.connect import Database
from savant.database.seed import local_actor
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run
from savant.models.trace import Trace
from savant.settings import Settings
from tests.serving import mint, serving


@asynccontextmanager
async def broken(url: str, bytes: int, *, answers: int = 1000) -> AsyncIterator[str]:
    """A way to a server that is cut after so many bytes of each answer, and lets no more answers through than that."""
    place, passed = urlsplit(url), 0

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, out = await asyncio.open_connection(place.hostname, place.port)
        out.write(await reader.readuntil(b"\r\n\r\n"))
        nonlocal passed
        passed += 1
        left = bytes if passed <= answers else 0
        while left and (part := await far.read(left)):
            writer.write(part)
            left -= len(part)
        await writer.drain()
        writer.close()
        out.close()

    listener = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    async with listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


@pytest.fixture
async def run_id(database: Database) -> int:
    """A run of thirty events that is over."""
    async with database.work(await local_actor(database)) as work:
        run = Run(runnable_type="workflow", runnable_slug="w", status="completed")
        work.session.add(run)
        await work.session.flush()
        for seq in range(1, 31):
            payload = {"path": f"w/{seq}"}
            work.session.add(
                Trace(run_id=run.id, seq=seq, event_type="step.started", payload=payload, timestamp=clock.now())
            )
        return run.id


def to(url: str, key: str) -> Client:
    return connect(Settings(home=Path(), config_dir=Path(), url=url, api_key=key))


async def test_a_lost_connection_goes_on_where_it_was(
    settings: Settings, superuser: Database, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PAUSES", (0.01,))
    key = await mint(superuser)
    async with serving(settings) as url, broken(url, 1500) as cut, to(cut, key) as client:
        seen: list[int | None] = []
        async for event in client.runs.follow(run_id):
            seen.append(event.seq)
            if event.seq == 30:
                break
    assert seen == [*range(1, 31)]


async def test_a_server_that_stays_away_is_given_up(
    settings: Settings, superuser: Database, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PAUSES", (0.01,))
    monkeypatch.setattr(streaming, "PATIENCE_SECONDS", 0.2)
    key = await mint(superuser)
    async with serving(settings) as url, broken(url, 1500, answers=1) as cut, to(cut, key) as client:
        with pytest.raises(SavantError, match="runs watch") as lost:
            _ = [event async for event in client.runs.follow(run_id)]
    assert lost.value.code is ErrorCode.UNREACHABLE


async def test_what_is_not_there_is_said_at_once(settings: Settings, superuser: Database) -> None:
    async with serving(settings) as url, to(url, await mint(superuser)) as client:
        with pytest.raises(SavantError, match="no run 999"):
            _ = [event async for event in client.runs.follow(999)]
