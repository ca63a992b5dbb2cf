"""A server over Postgres, as a team has it, and keys to it; what it answers is held to both databases in `contract`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from savant.database.connect import Database
from savant.settings import ServerSettings, Settings
from tests.cli.conftest import Cli
from tests.conftest import postgres
from tests.served import Served, served
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


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres_admin: psycopg.Connection,
    postgres_template: str,
) -> Iterator[Served]:
    """A server in processes of its own, with a worker, for the tests of a module; its model says the module's MODEL."""
    for url in postgres(postgres_admin, postgres_template):
        with served(tmp_path_factory.mktemp("server"), url, request.module.MODEL) as opened:
            opened.worker()
            yield opened


@pytest.fixture(scope="module")
def ada(request: pytest.FixtureRequest, server: Served, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The owner, with definitions in files of her own machine: the module's FILES."""
    cli = server.at(tmp_path_factory.mktemp("ada"), server.key())
    for name, text in request.module.FILES.items():
        cli.write(f".savant/{name}.yaml", text)
    return cli
