"""Indexing on a server is a job: the request only asks for it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

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


async def test_what_cannot_be_had_is_said_to_who_waits(served: App, superuser: Database, tmp_path: Path) -> None:
    await add(served, tmp_path / "nowhere")
    async with serving(served.settings) as url, working(served):
        there = msgspec.structs.replace(served.settings, database_url=None, url=url, api_key=await mint(superuser))
        async with connect(there) as client:
            with pytest.raises(SavantError, match="cannot be had") as refused:
                await client.repositories.index("r")
    assert refused.value.code is ErrorCode.UNREACHABLE
