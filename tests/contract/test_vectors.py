"""Search by meaning beside words: vectors are made once for each text, and without them nothing is worse."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from savant.client import Client, connect
from savant.schemas.repositories import IndexReport
from savant.schemas.search import SearchQuery, SearchResult
from savant.settings import ProviderSettings, Settings
from tests.runtime.indexing.trees import commit, repository
from tests.stubs.models import ModelStub, Reply

TOPICS = [["sign_in", "authentication", "password"], ["invoice", "billing"]]
FILES: dict[str, str | bytes] = {
    "people.py": "def sign_in(name, password):\n    return check(name, password)\n",
    "money.py": "def send_invoice(customer):\n    return post(customer)\n",
    "other.py": "def draw(shape):\n    return shape\n",
}


@pytest.fixture
async def stub() -> AsyncIterator[ModelStub]:
    async with ModelStub() as opened:
        opened.topics = TOPICS
        yield opened


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return repository(tmp_path / "shop", FILES)


def hybrid(settings: Settings, url: str, model: str = "embedder") -> Settings:
    provider = ProviderSettings(wire="openai", base_url=url)
    return msgspec.structs.replace(settings, embeddings=f"vectors/{model}", providers={"vectors": provider}, retries=0)


async def indexed(client: Client, tree: Path) -> IndexReport:
    return await client.repositories.index((await client.repositories.locate(str(tree))).slug)


async def found(client: Client, query: str, **more: Any) -> SearchResult:
    return await client.search(SearchQuery(query=query, **more))


def embedded(stub: ModelStub) -> list[str]:
    """Every text that the endpoint was asked about."""
    return [text for seen in stub.requests if seen.path.endswith("/embeddings") for text in seen.body["input"]]


async def test_what_is_meant_is_found_without_its_words(settings: Settings, stub: ModelStub, tree: Path) -> None:
    async with connect(settings) as words:
        await indexed(words, tree)
        assert (await found(words, "authentication")).hits == []
        assert stub.requests == []
    async with connect(hybrid(settings, stub.url)) as client:
        report = await indexed(client, tree)
        assert (report.unchanged, report.vectors, report.vectors_problem) == (3, report.chunks, None)
        result = await found(client, "authentication")
        assert (result.hits[0].path, result.hits[0].symbol, result.warnings) == ("people.py", "sign_in", [])
        assert (await found(client, "billing")).hits[0].path == "money.py"
        assert {hit.path for hit in (await found(client, "billing", paths=("people.py",))).hits} == {"people.py"}
        assert [hit.path for hit in (await found(client, '"def draw"')).hits] == ["other.py"]
        assert (await found(client, "invoice")).hits[0].path == "money.py"


async def test_only_new_texts_are_asked_about(settings: Settings, stub: ModelStub, tree: Path) -> None:
    async with connect(hybrid(settings, stub.url)) as client:
        first = await indexed(client, tree)
        assert len(embedded(stub)) == first.chunks
        stub.requests.clear()
        assert (await indexed(client, tree)).vectors == first.chunks
        assert embedded(stub) == []
        commit(tree, {"later.py": "def later():\n    return billing()\n", "copy.py": FILES["other.py"]}, "Later")
        report = await indexed(client, tree)
        assert report.vectors == report.chunks == first.chunks + 2
        assert [text.split("\n")[0] for text in embedded(stub)] == ["later.py"]
    async with connect(hybrid(settings, stub.url, "another")) as client:
        stub.requests.clear()
        assert (await indexed(client, tree)).vectors == report.chunks
        assert len(embedded(stub)) == report.chunks - 1, "each text once, though all of them again"


async def test_the_status_says_who_compares(settings: Settings, stub: ModelStub, tree: Path) -> None:
    on_postgres = settings.database.startswith("postgresql")
    async with connect(hybrid(settings, stub.url)) as client:
        await indexed(client, tree)
        status = await client.repositories.status("shop")
    assert status.vectors_compared_by == ("database" if on_postgres else "savant")
    async with connect(settings) as client:
        assert (await client.repositories.status("shop")).vectors_compared_by is None


@pytest.mark.postgres
@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
async def test_a_postgres_without_the_extension_does_as_well(
    tmp_path: Path, empty_url: str, stub: ModelStub, tree: Path
) -> None:
    home = tmp_path / "home"
    settings = hybrid(Settings(home=home, config_dir=home, database_url=empty_url), stub.url)
    async with connect(settings) as client:
        report = await indexed(client, tree)
        assert (report.vectors, report.vectors_problem) == (report.chunks, None)
        assert (await found(client, "authentication")).hits[0].path == "people.py"
        assert (await client.repositories.status("shop")).vectors_compared_by == "savant"


async def test_an_endpoint_that_is_down_breaks_nothing(settings: Settings, tree: Path) -> None:
    async with connect(hybrid(settings, "http://127.0.0.1:9/v1")) as client:
        report = await indexed(client, tree)
        assert (report.files, report.vectors) == (3, 0)
        assert "vectors/embedder" in (report.vectors_problem or "")
        result = await found(client, "invoice")
        assert result.hits[0].path == "money.py"
        assert any(warning.startswith("Found by words alone: ") for warning in result.warnings)


@pytest.mark.parametrize(
    "reply",
    [Reply(status=500), Reply(fault="reset"), Reply(fault="html"), Reply(fault="empty_body"), Reply(status=401)],
)
async def test_what_was_made_before_a_fault_is_kept_and_gone_on_with(
    settings: Settings, stub: ModelStub, tree: Path, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("savant.services.vectors.BATCH", 1)
    stub.replies = [Reply(), reply]
    async with connect(hybrid(settings, stub.url)) as client:
        report = await indexed(client, tree)
        assert report.vectors == 1
        assert report.vectors_problem
        assert (await found(client, "invoice")).hits[0].path == "money.py"
        stub.replies = [Reply()]
        stub.requests.clear()
        again = await indexed(client, tree)
        assert (again.vectors, again.vectors_problem) == (again.chunks, None)
        assert len(embedded(stub)) == again.chunks - 1


async def test_a_model_that_cannot_be_one_is_said(settings: Settings, tree: Path) -> None:
    async with connect(msgspec.structs.replace(settings, embeddings="scripted/x.yaml")) as client:
        assert "no model of embeddings" in ((await indexed(client, tree)).vectors_problem or "")


def test_numbers_are_loaded_only_where_there_are_vectors() -> None:
    import subprocess

    script = "import savant.services.search, savant.services.repositories, sys; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
