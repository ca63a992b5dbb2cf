"""Databases for tests: a test that asks for `database` runs on SQLite and on Postgres, each time on one of its own.

On Postgres tests work as a server does, in a role that owns nothing, so that all of them are held to row-level
security; `owner` is the same database for what its owner alone may do, and `superuser` for what nobody should.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy.engine import make_url

from savant import clock
from savant.database.connect import Database
from savant.database.migrate import upgrade
from savant.database.roles import APP_ROLE, make_app_role
from savant.database.seed import local_actor
from savant.schemas.actors import Actor
from tests import embedded_postgres

TEMPLATE = "savant_template"
OWNER = "savant_owner"
BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        embedded_postgres.stop(_session(os.getpid()))


def _session(owner: int) -> str:
    """One name for a test session: a process's number comes back, its time of birth does not."""
    return f"{owner}-{psutil.Process(owner).create_time():.2f}"


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Path:
    """The folder of the session's one Postgres, shared by all workers."""
    owner = os.getppid() if hasattr(request.config, "workerinput") else os.getpid()
    return embedded_postgres.start(_session(owner), owner)


@pytest.fixture(scope="session")
def postgres_admin(postgres_server: Path) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to the shared server, outside transactions."""
    with psycopg.connect(embedded_postgres.address(postgres_server), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(2)")
        for role in (OWNER, APP_ROLE):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute("SELECT pg_advisory_unlock(2)")
        yield connection


@pytest.fixture(scope="session")
def postgres_template(postgres_admin: psycopg.Connection[Any]) -> str:
    """The name of a migrated database to copy; the first worker makes it while the others wait."""
    with postgres_admin.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(1)")
        if not cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone():
            _create(postgres_admin, TEMPLATE + "_partial")
            add_vectors(_url(postgres_admin, TEMPLATE + "_partial", "postgres"))
            asyncio.run(_migrate(_url(postgres_admin, TEMPLATE + "_partial", OWNER)))
            cursor.execute(f"ALTER DATABASE {TEMPLATE}_partial RENAME TO {TEMPLATE}")
        cursor.execute("SELECT pg_advisory_unlock(1)")
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "savant.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'data' / 'savant.db'}"
    else:
        yield from postgres(request.getfixturevalue("postgres_admin"), None, OWNER)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database with the local user, team and workspace."""
    if request.param == "sqlite":
        path = tmp_path / "savant.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
    else:
        template: str = request.getfixturevalue("postgres_template")
        yield from postgres(request.getfixturevalue("postgres_admin"), template)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, open."""
    async with Database.open(database_url) as opened:
        yield opened


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The same database as the owner of its tables reaches it."""
    async with _as_user(database_url, OWNER) as opened:
        yield opened


@pytest.fixture
async def superuser(database_url: str) -> AsyncIterator[Database]:
    """The same database as somebody reaches it whom row-level security does not hold."""
    async with _as_user(database_url, "postgres") as opened:
        yield opened


def _as_user(url: str, user: str) -> Database:
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(username=user)
    return Database.open(address.render_as_string(hide_password=False))


@pytest.fixture
async def actor(database: Database) -> Actor:
    """The local user."""
    return await local_actor(database)


async def _migrate(url: str) -> None:
    async with Database.open(url) as database:
        await upgrade(database)
        if database.dialect == "postgresql":
            await make_app_role(database)


def add_vectors(url: str) -> None:
    """Put the extension into a database, which its owner may not: without this it has no vectors that it compares."""
    address = make_url(url).set(drivername="postgresql", username="postgres")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")


def postgres(admin: psycopg.Connection[Any], template: str | None, user: str = APP_ROLE) -> Iterator[str]:
    name = f"test_{clock.token(8)}"
    _create(admin, name, template)
    yield _url(admin, name, user)
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _create(admin: psycopg.Connection[Any], name: str, template: str | None = None) -> None:
    of = f"TEMPLATE {template or 'template0'} STRATEGY FILE_COPY OWNER {OWNER}"
    admin.execute(f"CREATE DATABASE {name} {of}")


def _url(admin: psycopg.Connection[Any], name: str, user: str) -> str:
    url = make_url(f"postgresql+psycopg://{user}@/{name}")
    return url.update_query_dict({"host": admin.info.host}).render_as_string(hide_password=False)
