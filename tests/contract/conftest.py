"""One body, every way in: a client over each database (and, once there is a server, over HTTP)."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from savant.client import Client, connect
from savant.settings import Settings


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


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with connect(settings) as opened:
        yield opened
