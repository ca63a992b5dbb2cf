"""What only Postgres needs: its driver, which is an extra, and JSON through the same encoder as everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from savant import clock
from savant.errors import ErrorCode, SavantError

MIGRATION_LOCK = 7_378_698_676  # any number that no other program on the server locks


def create_engine(url: URL) -> AsyncEngine:
    """An engine on the server; nothing connects yet."""
    try:
        import psycopg  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise SavantError(
            ErrorCode.INVALID_CONFIG,
            "Postgres needs its driver.",
            hint="Install it with: pip install 'savant[postgres]'",
        ) from error
    return create_async_engine(url, json_serializer=_dumps, json_deserializer=msgspec.json.decode)


def conninfo(url: URL) -> str:
    """The address as the bare driver takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@asynccontextmanager
async def migration_lock(engine: AsyncEngine, seconds: float) -> AsyncGenerator[None, None]:
    """Hold an advisory lock on a connection of its own; the server lets go of it if the process dies."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        deadline = clock.monotonic() + seconds
        while not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
            if clock.monotonic() > deadline:
                raise SavantError(
                    ErrorCode.UNREACHABLE,
                    f"Another process has been upgrading the database for {seconds:.0f} seconds.",
                    hint="Wait for it, or stop it, and try again.",
                )
            await asyncio.sleep(0.02)
        try:
            yield
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
