"""The Postgres that a server brings along: started, shared, closed to strangers, and stopped by who leaves last."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from savant.database import embedded
from savant.database.connect import Database
from savant.database.migrate import upgrade

pytestmark = pytest.mark.postgres
HOLDER = """
import sys
from pathlib import Path
from savant.database import embedded

with embedded.postgres(Path(sys.argv[1])) as addresses:
    print(addresses.app, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder with a short name, since a socket's path may not be long; a new cluster takes its time, so it is one."""
    folder = Path(tempfile.mkdtemp(prefix="savant-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def addresses(home: Path) -> Iterator[embedded.Addresses]:
    with embedded.postgres(home) as found:
        yield found


def postmaster(home: Path) -> int | None:
    """The process that serves the folder, if one does."""
    file = home / "postgres" / "data" / "postmaster.pid"
    pid = int(file.read_text().split()[0]) if file.exists() else None
    return pid if pid is not None and psutil.pid_exists(pid) else None


async def test_it_is_a_database_of_an_owner_and_a_role_that_owns_nothing(addresses: embedded.Addresses) -> None:
    async with Database.open(addresses.owner) as owner:
        await upgrade(owner)
        async with owner.engine.connect() as connection:
            whose = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            assert (await connection.scalars(text(whose))).all() == [embedded.OWNER]
            assert await connection.scalar(text("SELECT to_regclass('chunk_vectors') IS NOT NULL")), (
                "it compares vectors"
            )
    async with Database.open(addresses.app) as app, app.engine.connect() as connection:
        power = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        assert await connection.scalar(text(power)) is False


async def test_nobody_comes_in_without_the_password(addresses: embedded.Addresses, home: Path) -> None:
    host = str(make_url(addresses.app).query["host"])
    for role in ("postgres", embedded.OWNER, embedded.APP):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=host, user=role, dbname="savant")
    assert stat.S_IMODE((home / "postgres" / "password").stat().st_mode) == 0o600


async def test_what_was_written_is_there_at_the_next_start(home: Path) -> None:
    with embedded.postgres(home) as first:
        async with Database.open(first.owner) as database, database.engine.begin() as connection:
            await connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))
        assert postmaster(home)
    assert postmaster(home) is None
    with embedded.postgres(home) as second:
        assert first == second
        async with Database.open(second.owner) as database, database.engine.connect() as connection:
            assert await connection.scalar(text("SELECT number FROM kept")) == 7


async def test_two_that_start_at_once_share_one_and_the_last_one_stops_it(home: Path) -> None:
    holders = [await _hold(home) for _ in range(2)]
    urls = {(await asyncio.wait_for(holder.stdout.readline(), 60)).decode() for holder in holders if holder.stdout}
    assert len(urls) == 1 and "savant_app" in urls.pop()
    await _leave(holders[0])
    assert postmaster(home)
    await _leave(holders[1])
    assert postmaster(home) is None


async def test_one_that_was_killed_does_not_keep_it_running_for_ever(home: Path) -> None:
    killed = await _hold(home)
    assert killed.stdout and await asyncio.wait_for(killed.stdout.readline(), 60)
    killed.kill()
    await killed.wait()
    left = postmaster(home)
    assert left
    with embedded.postgres(home) as addresses:
        assert postmaster(home) == left
        async with Database.open(addresses.app) as database, database.engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
    assert postmaster(home) is None


async def _hold(home: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
    )


async def _leave(holder: asyncio.subprocess.Process) -> None:
    await asyncio.wait_for(holder.communicate(b"\n"), 60)
    assert holder.returncode == 0
