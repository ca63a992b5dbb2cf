"""Repositories by URL: opened with a secret that leaves no trace, shallow or whole, by branch, and fetched again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.repositories import IndexConfig, RepositoryCreate
from savant.schemas.secrets import SecretSet
from savant.settings import Settings
from tests.contract.test_search import hits
from tests.runtime.indexing.trees import commit, git, repository
from tests.stubs.git_server import GitServer, git_server

TOKEN = "glpat-0123456789"
WATCHER = """#!/bin/sh
echo "$0 $@" >> "{log}"
exec {git} "$@"
"""


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    made = repository(tmp_path / "served" / "shop", {"one.py": "def firstThing(): ...\n"})
    commit(made, {"two.py": "def secondThing(): ...\n"}, "Second")
    git(made, "branch", "older", "HEAD~1")
    return made


@pytest.fixture
def server(origin: Path) -> Iterator[GitServer]:
    with git_server(origin.parent, TOKEN) as opened:
        yield opened


def private(server: GitServer, **config: object) -> RepositoryCreate:
    config = {"token": "GIT_TOKEN", **config}
    return RepositoryCreate(url=f"{server.url}/shop/.git", name="shop", config=IndexConfig(**config))  # pyright: ignore[reportArgumentType]


def clones(settings: Settings) -> list[Path]:
    """The clones in the cache; their lock files lie beside them."""
    return [entry for entry in (settings.home / "cache" / "repositories").iterdir() if entry.is_dir()]


async def test_a_private_repository_is_opened_with_a_secret_and_fetched_again(
    client: Client, settings: Settings, server: GitServer, origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "argv.log"
    watcher = tmp_path / "bin" / "git"
    watcher.parent.mkdir()
    watcher.write_text(WATCHER.format(log=log, git=shutil.which("git")))
    watcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(watcher.parent), prepend=":")
    await client.secrets.set(SecretSet(name="GIT_TOKEN", value=TOKEN))
    made = await client.repositories.create(private(server))
    assert (await client.repositories.index(made.slug)).files == 2
    assert (await hits(client, "first thing"))[0].path == "one.py"
    commit(origin, {"three.py": "def thirdThing(): ...\n"}, "Third")
    server.seen.clear()
    again = await client.repositories.index(made.slug)
    assert (again.added, again.unchanged) == (1, 2)
    assert server.seen, "it was fetched, not cloned from somewhere else"
    assert "clone" in log.read_text()
    assert "fetch" in log.read_text()
    everything = log.read_bytes() + b"".join(f.read_bytes() for f in settings.home.rglob("*") if f.is_file())
    assert TOKEN.encode() not in everything
    [folder] = clones(settings)
    assert "Authorization" not in (folder / ".git" / "config").read_text()
    assert TOKEN not in str(await client.repositories.get(made.slug))


async def test_a_wrong_or_missing_token_is_said_and_not_shown(client: Client, server: GitServer) -> None:
    made = await client.repositories.create(private(server))
    with pytest.raises(SavantError, match="no secret `GIT_TOKEN`") as missing:
        await client.repositories.index(made.slug)
    assert missing.value.code is ErrorCode.NOT_FOUND
    await client.secrets.set(SecretSet(name="GIT_TOKEN", value="wrong-token"))
    with pytest.raises(SavantError, match="cannot be had") as refused:
        await client.repositories.index(made.slug)
    assert refused.value.code is ErrorCode.UNREACHABLE
    assert "wrong-token" not in str(refused.value)
    await client.secrets.set(SecretSet(name="GIT_TOKEN", value=TOKEN))
    assert (await client.repositories.index(made.slug)).files == 2


async def test_a_token_is_never_sent_in_the_clear(client: Client) -> None:
    await client.secrets.set(SecretSet(name="GIT_TOKEN", value=TOKEN))
    create = RepositoryCreate(url="http://git.example.org/a.git", config=IndexConfig(token="GIT_TOKEN"))
    made = await client.repositories.create(create)
    with pytest.raises(SavantError, match="only over https"):
        await client.repositories.index(made.slug)


async def test_a_shallow_clone_has_no_history_and_is_fetched_again(
    client: Client, settings: Settings, server: GitServer, origin: Path
) -> None:
    await client.secrets.set(SecretSet(name="GIT_TOKEN", value=TOKEN))
    made = await client.repositories.create(private(server, shallow=True))
    assert (await client.repositories.index(made.slug)).commits == 1
    [folder] = clones(settings)
    assert git(folder, "rev-list", "--count", "HEAD").strip() == b"1"
    commit(origin, {"three.py": "def thirdThing(): ...\n"}, "Third")
    assert (await client.repositories.index(made.slug)).added == 1
    assert (await hits(client, "third thing"))[0].path == "three.py"


@pytest.mark.parametrize("shallow", [False, True])
async def test_a_branch_is_followed(client: Client, origin: Path, shallow: bool) -> None:
    create = RepositoryCreate(url=f"file://{origin}", name="older", branch="older", config=IndexConfig(shallow=shallow))
    made = await client.repositories.create(create)
    assert (await client.repositories.index(made.slug)).files == 1
    git(origin, "branch", "-f", "older", "main")
    assert (await client.repositories.index(made.slug)).added == 1
