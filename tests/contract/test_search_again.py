"""What one search leaves for the next: it is quicker, and never wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.client import Client, connect
from savant.database import search_matches
from savant.schemas.search import SearchQuery
from savant.settings import Settings
from tests.runtime.indexing.trees import commit, repository


async def index(client: Client, tree: Path) -> None:
    await client.repositories.index((await client.repositories.locate(str(tree))).slug)


async def paths(client: Client, query: str, **more: Any) -> list[str]:
    return [hit.path for hit in (await client.search(SearchQuery(query=query, **more))).hits]


async def test_what_somebody_else_indexes_meanwhile_is_found(settings: Settings, tmp_path: Path) -> None:
    tree = repository(tmp_path / "shop", {"one.py": "def first(): ...\n"}, "Sell bananas")
    async with connect(settings) as here, connect(settings) as elsewhere:
        await index(here, tree)
        assert await paths(here, "bananas") == ["one.py"]
        (tree / "one.py").unlink()
        commit(tree, {"two.py": "def second(): ...\n"}, "No bananas any more")
        await index(elsewhere, tree)
        assert await paths(here, "bananas") == ["two.py"]
        assert await paths(here, "first") == []
        other = repository(tmp_path / "other", {"three.py": "def bananas(): ...\n"})
        await index(elsewhere, other)
        assert await paths(here, "bananas") == ["three.py", "two.py"]
        await elsewhere.repositories.delete("other")
        assert await paths(here, "bananas") == ["two.py"]


async def test_words_that_are_everywhere_rank_what_others_find(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(search_matches.BUDGET, "chunk_words", 10)
    files: dict[str, str | bytes] = {f"a{n}.py": f"value = {n}\ncommon = value\n" for n in range(20)}
    files |= {
        "b.py": "rare = 1\nothers = 1\n",
        "c.py": "rare = 1\ncommon = 1\n",
        "docs/d.md": "# Guide\n\nCommon value\n",
    }
    await index(client, repository(tmp_path / "shop", files))
    assert (await paths(client, "common rare"))[:2] == ["c.py", "b.py"]
    assert (await paths(client, "common value"))[0].startswith(("a", "docs"))
    assert await paths(client, "common", paths=("docs/**",)) == ["docs/d.md"]


@pytest.mark.postgres
@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
async def test_a_connection_that_was_hung_up_is_made_anew(tmp_path: Path, empty_url: str) -> None:
    import psycopg

    home = tmp_path / "home"
    async with connect(Settings(home=home, config_dir=home, database_url=empty_url)) as client:
        await index(client, repository(tmp_path / "shop", {"one.py": "def first(): ...\n"}))
        assert await paths(client, "first") == ["one.py"]
        address = empty_url.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert await paths(client, "first") == ["one.py"]
