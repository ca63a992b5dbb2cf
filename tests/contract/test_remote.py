"""What only a server adds: it may not be there, it may not be one, and it may not know who asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from savant.client import Client, connect
from savant.errors import ErrorCode, SavantError
from savant.schemas.approvals import ApprovalList
from savant.settings import Settings
from tests.serving import serving


def to(url: str, api_key: str | None = None) -> Client:
    return connect(Settings(home=Path(), config_dir=Path(), url=url, api_key=api_key))


@pytest.fixture
async def impostor() -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\nConnection: close\r\n\r\nSorry")
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


async def test_a_server_that_is_not_there_is_said_to_be(impostor: str) -> None:
    for url, reason in (("http://127.0.0.1:9", "nothing listens"), (impostor, "status 502")):
        async with to(url) as client:
            with pytest.raises(SavantError, match=reason) as failed:
                await client.agents.list()
            assert failed.value.code is ErrorCode.UNREACHABLE


async def test_who_is_not_known_is_told_to_sign_in(settings: Settings) -> None:
    async with serving(settings) as url:
        for key in (None, "svt_live_nonsense"):
            async with to(url, key) as client:
                with pytest.raises(SavantError, match="savant login") as failed:
                    await client.agents.list()
                assert failed.value.code is ErrorCode.UNAUTHENTICATED


async def test_the_database_of_a_server_is_not_reached_through_it() -> None:
    async with to("http://127.0.0.1:9") as client:
        with pytest.raises(SavantError, match="server's own machine"):
            await client.databases.check()


async def test_none_is_told_from_not_said(client: Client) -> None:
    assert (await client.approvals.list(ApprovalList(status=None))).items == []
