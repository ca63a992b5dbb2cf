"""A server over Postgres, as a team has it, and keys to it; what it answers is held to both databases in `contract`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from savant.database.connect import Database
from savant.settings import ServerSettings, Settings
from tests.conftest import postgres
from tests.serving import mint, serving


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres)], ids=[""])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from postgres(request.getfixturevalue("postgres_admin"), request.getfixturevalue("postgres_template"))


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    unlimited = ServerSettings(requests_per_minute=0, strangers_per_minute=0)
    return Settings(home=tmp_path / "home", config_dir=tmp_path / "home", database_url=database_url, server=unlimited)


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    async with serving(settings) as address:
        yield address


@pytest.fixture
async def http(url: str, superuser: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """The owner of the local team, with a key."""
    headers = {"Authorization": f"Bearer {await mint(superuser)}"}
    async with httpx2.AsyncClient(base_url=url + "/v1", headers=headers) as client:
        yield client


@pytest.fixture
async def stranger(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Nobody in particular."""
    async with httpx2.AsyncClient(base_url=url + "/v1") as client:
        yield client
