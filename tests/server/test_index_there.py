"""`savant index` and `savant search` against a server: its worker clones and reads, anybody of the team finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Cli
from tests.conftest import postgres
from tests.runtime.indexing.trees import commit, repository
from tests.served import Served, served
from tests.stubs.git_server import GitServer, git_server

pytestmark = pytest.mark.postgres
TOKEN = "glpat-0123456789"


@pytest.fixture
def server(tmp_path: Path, postgres_admin: psycopg.Connection, postgres_template: str) -> Iterator[Served]:
    (tmp_path / "server").mkdir()
    for url in postgres(postgres_admin, postgres_template):
        with served(tmp_path / "server", url, "turns: [Hello.]\nloop: true\n") as opened:
            opened.worker()
            yield opened


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return repository(tmp_path / "served" / "shop", {"one.py": "def firstThing(): ...\n"})


@pytest.fixture
def git(origin: Path) -> Iterator[GitServer]:
    with git_server(origin.parent, TOKEN) as opened:
        yield opened


def done(cli: Cli, *arguments: str, input: str = "") -> str:
    ran = cli(*arguments, input=input)
    assert ran.code == 0, ran.stderr
    return ran.stdout


def test_what_one_indexes_another_finds(server: Served, git: GitServer, origin: Path, tmp_path: Path) -> None:
    ada, bob = (server.at(tmp_path / name, server.key()) for name in ("ada", "bob"))
    done(ada, "secrets", "set", "GIT_TOKEN", "-", input=TOKEN)
    done(ada, "repositories", "add", f"{git.url}/shop/.git", "--name", "shop", "--token", "GIT_TOKEN")
    assert done(ada, "index", f"{git.url}/shop/.git").startswith("shop: 1 files")
    assert "one.py" in done(bob, "search", "firstThing")
    commit(origin, {"two.py": "def secondThing(): ...\n"}, "Second")
    assert done(bob, "repositories", "index", "shop").startswith("shop: 2 files")
    assert "two.py" in done(ada, "search", "secondThing")
    refused = bob("index", ".")
    assert (refused.code, refused.stderr.count("error: ")) == (3, 1), refused.stderr
