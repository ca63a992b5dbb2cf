"""Bringing a database up to this version of Savant; alembic is imported only when there is something to do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

import savant
from savant.database.connect import Database
from savant.database.work import named_errors
from savant.errors import ErrorCode, SavantError

LOCK_SECONDS = 60.0


def folder() -> Path:
    """Where the migrations are: inside the package in a wheel, beside it in a checkout."""
    package = Path(savant.__file__).parent
    shipped = package / "_migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"


def revisions() -> list[str]:
    """Every revision this version knows, oldest first, read off the file names."""
    return sorted(path.name.split("_", 1)[0] for path in (folder() / "versions").glob("[0-9]*.py"))


async def current(database: Database) -> str | None:
    """The revision a database is at; None if it is empty."""
    with named_errors():
        async with database.reader.connect() as connection:
            return await _revision(connection)


async def upgrade(database: Database) -> None:
    """Make or upgrade the tables, and the local user on an empty database; safe when many processes start at once."""
    if await _is_current(database):
        return
    with named_errors():
        async with _lock(database):
            if await _is_current(database):
                return
            await _run(database, "upgrade", "head")
            from savant.database.seed import seed

            await seed(database)


async def downgrade(database: Database, revision: str = "base") -> None:
    """Undo migrations down to `revision`; data in dropped tables is gone."""
    with named_errors():
        async with _lock(database):
            await _run(database, "downgrade", revision)


async def _is_current(database: Database) -> bool:
    known = revisions()
    revision = await current(database)
    if revision is not None and revision not in known:
        raise SavantError(
            ErrorCode.INVALID_CONFIG,
            f"The database is at revision {revision}, which this version of Savant ({savant.__version__}) "
            f"does not know; it knows up to {known[-1]}.",
            hint="A newer Savant made it: upgrade with `pip install --upgrade savant`, or use another database.",
        )
    return revision == known[-1]


async def _revision(connection: AsyncConnection) -> str | None:
    try:
        return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    except DBAPIError as error:
        # Each driver has its own class for a table that is not there; anything else is a real failure.
        if "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", None) == "42P01":
            return None
        raise


def _lock(database: Database) -> Any:
    if database.dialect == "sqlite":
        from savant.database.file_lock import file_lock

        return file_lock(database.path, LOCK_SECONDS, "upgrading")
    from savant.database.postgres import migration_lock

    return migration_lock(database.engine, LOCK_SECONDS)


async def _run(database: Database, command: str, revision: str) -> None:
    async with _connection(database) as connection:
        await connection.run_sync(_alembic, command, revision)
        await connection.commit()


@asynccontextmanager
async def _connection(database: Database) -> AsyncGenerator[AsyncConnection, None]:
    """A connection for migrations: on SQLite with foreign keys off, or rebuilding a table would empty others."""
    async with database.engine.connect() as connection:
        if database.dialect == "postgresql":
            yield connection
            return
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.executescript("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF;")
        try:
            yield connection
        finally:
            await connection.rollback()
            await driver.executescript("PRAGMA foreign_keys = ON;")


def _alembic(connection: Connection, command: str, revision: str) -> None:
    from alembic import command as commands
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    getattr(commands, command)(config, revision)
