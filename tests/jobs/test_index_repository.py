"""Indexing on a server is a job: the request only asks for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from savant.client import connect
from savant.database.connect import Database
from savant.errors import ErrorCode, SavantError
from savant.jobs.beside import working
from savant.schemas.search import SearchQuery
from savant.services.app import App
from savant.services.perform import perform
from tests.jobs.origins import add
from tests.runtime.indexing.trees import repository
from tests.serving import mint, serving

pytestmark = [pytest.mark.parametrize("database_url", ["postgres"], indirect=True), pytest.mark.postgres]


async def test_a_request_only_asks_and_a_worker_indexes(served: App, superuser: Database, tmp_path: Path) -> None:
    await add(served, repository(tmp_path.resolve() / "origin", {"a.py": "def send_request(): ...\n"}))
    asked = await perform(served, "repositories", "index", ref="r")
    assert (asked.index_status, asked.indexed_at) == ("pending", None)
    async with serving(served.settings) as url, working(served):
        there = msgspec.structs.replace(served.settings, database_url=None, url=url, api_key=await mint(superuser))
        async with connect(there) as client:
            assert (await client.repositories.index("r")).files == 1
            assert [hit.path for hit in (await client.search(SearchQuery(symbol="send_request"))).hits] == ["a.py"]


async def test_who_asks_for_what_waits_already_is_told_so_and_makes_no_more_work(served: App, tmp_path: Path) -> None:
    await add(served, repository(tmp_path.resolve() / "origin", {"a.py": "def send_request(): ...\n"}))
    asked = await asyncio.gather(*(perform(served, "repositories", "index", ref="r") for _ in range(4)))
    asked.append(await perform(served, "repositories", "index", ref="r", full=True))
    assert sorted(each.under_way for each in asked) == [False, True, True, True, True]
    async with served.database.engine.connect() as connection:
        args = (await connection.scalars(text("SELECT args FROM procrastinate_jobs WHERE status = 'todo'"))).all()
    assert [each["full"] for each in args] == [True], "what is asked for later is done as well"


async def test_what_cannot_be_had_is_said_to_who_waits(served: App, superuser: Database, tmp_path: Path) -> None:
    await add(served, tmp_path / "nowhere")
    async with serving(served.settings) as url, working(served):
        there = msgspec.structs.replace(served.settings, database_url=None, url=url, api_key=await mint(superuser))
        async with connect(there) as client:
            with pytest.raises(SavantError, match="cannot be had") as refused:
                await client.repositories.index("r")
    assert refused.value.code is ErrorCode.UNREACHABLE
