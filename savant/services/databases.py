"""The database as a file: checked, backed up, restored. Postgres has tools of its own for that."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from savant import clock
from savant.database import sqlite_files
from savant.errors import ErrorCode, SavantError
from savant.schemas.storage import DatabaseReport
from savant.services import leases
from savant.settings import Settings


async def check(settings: Settings) -> DatabaseReport:
    return await asyncio.to_thread(sqlite_files.check, _path(settings))


async def backup(settings: Settings, target: Path) -> DatabaseReport:
    return await asyncio.to_thread(sqlite_files.backup, _path(settings), target)


async def restore(settings: Settings, source: Path) -> DatabaseReport:
    """Put a backup in place; CONFLICT while a run is going on."""
    path = _path(settings)
    for id, holder, until in await asyncio.to_thread(sqlite_files.running, path):
        expires = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
        if leases.alive(holder, expires, clock.now()):
            hint = f"Stop it first: savant runs stop {id}."
            raise SavantError(ErrorCode.CONFLICT, f"Run {id} is going on in this database.", hint=hint)
    await asyncio.to_thread(sqlite_files.restore, path, source)
    return await check(settings)


def _path(settings: Settings) -> Path:
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite" or url.database is None:
        hint = "Use its own: pg_dump and pg_restore."
        raise SavantError(ErrorCode.USAGE, "Only a SQLite database is a file.", hint=hint)
    return Path(url.database)
