"""One body, every way in: a client over each database, in this process and through a server."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from savant.client import Client, connect
from savant.database.connect import Database
from savant.settings import Settings
from tests.serving import mint, serving


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is a git repository with one commit, for runs to work in."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "README.md").write_text("# A repository\n")
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(home=tmp_path / "home", config_dir=tmp_path / "home", database_url=database_url)


@pytest.fixture(params=["local", "remote"])
async def client(request: pytest.FixtureRequest, settings: Settings, superuser: Database) -> AsyncIterator[Client]:
    """The local user, with the services in this process, and with a key to a server."""
    here = request.node.get_closest_marker("local")
    if request.param == "remote" and here is not None:
        pytest.skip(here.args[0])
    if request.param == "local":
        async with connect(settings) as opened:
            yield opened
        return
    works = request.node.get_closest_marker("carried_out") is not None
    async with serving(settings, serves=False, works=works) as url:
        there = msgspec.structs.replace(settings, database_url=None, url=url, api_key=await mint(superuser))
        async with connect(there) as opened:
            yield opened
