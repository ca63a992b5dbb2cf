"""Addresses, files and failures of a database."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from savant.database.connect import Database
from savant.database.migrate import upgrade
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor

NOBODY = Actor(user_id=1, workspace_id=1, team_id=1, role="owner")


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "not an address"])
def test_an_address_that_cannot_be_used_says_what_can(url: str) -> None:
    with pytest.raises(SavantError, match=r"sqlite\+aiosqlite:///") as failure:
        Database.open(url)
    assert failure.value.code is ErrorCode.INVALID_CONFIG


async def test_short_addresses_mean_the_same(tmp_path: Path) -> None:
    async with Database.open(f"sqlite:///{tmp_path / 'a.db'}") as database:
        assert database.url.drivername == "sqlite+aiosqlite"
    async with Database.open("postgres://user:word@localhost/name") as database:
        assert database.url.drivername == "postgresql+psycopg"


async def test_the_file_and_its_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "data" / "savant.db"
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        await upgrade(database)
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert files.keys() >= {"savant.db", "savant.db.lock"}
    assert set(files.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SavantError, match="SAVANT_HOME") as failure:
        Database.open(f"sqlite+aiosqlite:///{tmp_path}/file/savant.db")
    assert failure.value.code is ErrorCode.INVALID_CONFIG


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with Database.open("postgresql+psycopg://user:secret@127.0.0.1:1/name") as database:
        with pytest.raises(SavantError) as failure:
            await upgrade(database)
    assert failure.value.code is ErrorCode.UNREACHABLE
    assert "secret" not in str(failure.value)


async def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "savant.db").write_text("hello " * 1000)
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path}/savant.db") as database:
        with pytest.raises(SavantError, match="not a database") as failure:
            await upgrade(database)
    assert failure.value.code is ErrorCode.UNREACHABLE
    assert failure.value.hint and "savant db check" in failure.value.hint


async def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}") as database:
        await upgrade(database)
        with pytest.raises(SavantError, match=r"disk is full") as failure:
            async with database.work(NOBODY) as work:
                connection = await work.session.connection()
                await connection.execute(text("PRAGMA max_page_count = 1"))
                await connection.execute(text("CREATE TABLE big AS SELECT randomblob(1000000) AS blob"))
        assert failure.value.code is ErrorCode.UNREACHABLE
        assert failure.value.hint and failure.value.hint.startswith("Make room")


async def test_every_sqlite_connection_keeps_foreign_keys_and_the_log(tmp_path: Path) -> None:
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path}/savant.db") as database:
        await upgrade(database)
        for engine in (database.engine, database.reader):
            async with engine.connect() as first, engine.connect() as second:
                for connection in (first, second) if engine is database.reader else (first,):
                    assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
                    assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
                    assert await connection.scalar(text("PRAGMA synchronous")) == 1
