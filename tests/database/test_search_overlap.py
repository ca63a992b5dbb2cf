"""The same questions have the same answers on SQLite and on Postgres."""

# ruff: noqa: E501

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from savant.client import Client, connect
from savant.schemas.search import SearchQuery
from savant.settings import Settings
from tests.conftest import postgres
from tests.runtime.indexing.trees import commit, repository

SOURCE = Path(__file__).parents[2] / "savant"
QUERIES = [
    "journal step replay", "where are blobs compressed", "retry with backoff", "SavantError hint", "tenancy of statements",
    "model price unknown", "parse yaml positions", "git diff over a commit range", "exit code of a run", "lease holder expires",
    "tool arguments schema", "outline of a file by its grammar", "token budget limit", "detached run process",
    "migration lock", "scripted model", "OpenAI streaming chunks", "gitignore negation", "index a repository", "slug taken",
    "anthropic messages wire", "policy deny ask allow", "workflow foreach parallel", "expression undeclared", "write file atomically",
    "UnitOfWork", "DatabaseJournalStore write", "_parse_error", "command line completion", "symbolic link out of root",
]  # fmt: skip


@pytest.fixture
def urls(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[list[str]]:
    path = tmp_path / "savant.db"
    shutil.copy(sqlite_template, path)
    template: str = request.getfixturevalue("postgres_template")
    for url in postgres(request.getfixturevalue("postgres_admin"), template):
        yield [f"sqlite+aiosqlite:///{path}", url]


async def _ask(client: Client, tree: Path) -> list[list[Any]]:
    await client.repositories.index((await client.repositories.locate(str(tree))).slug)
    answers: list[list[Any]] = []
    for query in QUERIES:
        result = await client.search(SearchQuery(query=query))
        answers.append([(hit.path, hit.first_line) for hit in result.hits])
    return answers


@pytest.mark.postgres
async def test_the_best_ten_overlap_by_nine_tenths(urls: list[str], tmp_path: Path) -> None:
    tree = tmp_path.resolve() / "tree"
    shutil.copytree(SOURCE, tree / "savant", ignore=shutil.ignore_patterns("__pycache__"))
    repository(tree, {}, "Runs are recorded step by step")
    for number, path in enumerate(sorted((tree / "savant").rglob("*.py"))[:40]):
        name = path.relative_to(tree).as_posix()
        commit(tree, {name: path.read_text() + f"\n# {number}\n"}, f"Mend {path.stem.replace('_', ' ')} when it fails")
    answers: list[list[list[Any]]] = []
    for number, url in enumerate(urls):
        home = tmp_path / f"home{number}"
        async with connect(Settings(home=home, config_dir=home, database_url=url)) as client:
            answers.append(await _ask(client, tree))
    shared = [len(set(one) & set(other)) / max(len(one), 1) for one, other in zip(*answers, strict=True)]
    assert sum(len(one) == 10 for one in answers[0]) > len(QUERIES) * 0.8
    assert sum(shared) / len(shared) >= 0.9, dict(zip(QUERIES, shared, strict=True))
