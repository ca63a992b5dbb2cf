"""A database by its address: SQLite on a laptop, Postgres for a team."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

from savant.database.queue import Queue
from savant.database.work import Reading, UnitOfWork, reading, working
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor

if TYPE_CHECKING:
    from savant.database.postgres_looks import PostgresLooks

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


class Database:
    """An open database; it connects when first used, and `close` gives every connection back."""

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self.url = url
        self.engine = engine
        self.reader = engine.execution_options(savant_read=True)
        self.looks: PostgresLooks | None = None
        """Where reads that are asked for often go; without it they go by a session."""
        self.kept: dict[int, Any] = {}
        """What the last search in a workspace left open for the next one, closed with the database."""
        self.queue: Queue | None = None
        """Where runs wait for a worker; without one, whoever asks for a run carries it out."""

    @classmethod
    def open(cls, url: str) -> Database:
        """`sqlite+aiosqlite:///path` (made if it is not there, for its owner alone) or `postgresql+psycopg://...`."""
        address = _address(url)
        if address.get_backend_name() == "sqlite":
            from savant.database.sqlite import create_engine
        else:
            create_engine = _postgres()
        database = cls(address, create_engine(address))
        if database.dialect == "postgresql":
            from savant.database.postgres_looks import PostgresLooks

            database.looks = PostgresLooks(address, database.engine.dialect)
        return database

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        return "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "")

    def work(self, actor: Actor) -> AbstractAsyncContextManager[UnitOfWork]:
        """Work that writes: committed once, at the end, or not at all."""
        return working(self, actor)

    def read(self, actor: Actor) -> AbstractAsyncContextManager[Reading]:
        """Work that only reads, and on SQLite waits for no writer."""
        return reading(self, actor)

    async def close(self) -> None:
        if self.looks is not None:
            await self.looks.close()
        while self.kept:
            await self.kept.popitem()[1].aclose()
        await self.engine.dispose()

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


def _postgres() -> Callable[[URL], AsyncEngine]:
    try:
        from savant.database.postgres import create_engine
    except ImportError as error:
        hint = "Install it with: pip install 'savant[postgres]'"
        raise SavantError(ErrorCode.INVALID_CONFIG, "Postgres needs its driver.", hint=hint) from error
    return create_engine


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise _unusable("The database address cannot be read.") from None
    driver = DRIVERS.get(address.drivername)
    if driver is None:
        raise _unusable(f"Savant cannot use a {address.drivername} database.")
    if driver.startswith("sqlite") and address.database in (None, "", ":memory:"):
        raise _unusable("A SQLite database needs a file.")
    return address.set(drivername=driver)


def _unusable(message: str) -> SavantError:
    return SavantError(
        ErrorCode.INVALID_CONFIG,
        message,
        hint="Use sqlite+aiosqlite:///path/to/savant.db or postgresql+psycopg://user@host/name.",
    )
