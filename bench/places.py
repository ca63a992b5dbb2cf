"""Two databases to measure on, made for the occasion and gone after it: SQLite, and an embedded Postgres."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench.floor import DirectSqliteFloor, PostgresFloor, SqliteFloor
from savant.database.connect import Database
from savant.database.migrate import upgrade
from tests import embedded_postgres


class Place:
    """One database, and floors over it."""

    def __init__(self, name: str, database: Database) -> None:
        self.name = name
        self.database = database

    async def run(self) -> int:
        """A new run's id."""
        statement = (
            "INSERT INTO runs (workspace_id, runnable_type, runnable_slug, inputs, status)"
            " VALUES (1, 'agent', 'a', '{}', 'running')"
        )
        async with self.database.engine.begin() as connection:
            return (await connection.execute(text(statement + " RETURNING id"))).scalar_one()

    async def floors(self) -> dict[str, Any]:
        """The floor of the place, and those that are shown beside it."""
        if self.name == "SQLite":
            path = str(self.database.path)
            return {"aiosqlite": await SqliteFloor.open(path), "sqlite3": await DirectSqliteFloor.open(path)}
        address = self.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return {"psycopg": await PostgresFloor.open(address)}

    async def bytes(self, run_id: int) -> int:
        """What the run's rows hold, without the database's own overhead; the blobs are those of the workspace."""
        steps = "SELECT coalesce(sum(length(cast(input AS text)) + length(cast(output AS text))), 0) FROM steps"
        traces = "SELECT coalesce(sum(length(cast(payload AS text))), 0) FROM traces"
        async with self.database.engine.connect() as connection:
            of_run = [
                (await connection.execute(text(f"{query} WHERE run_id = :id"), {"id": run_id})).scalar_one()
                for query in (steps, traces)
            ]
            blobs = (await connection.execute(text("SELECT coalesce(sum(length(data)), 0) FROM blobs"))).scalar_one()
            return int(sum(of_run) + blobs)


@asynccontextmanager
async def places() -> AsyncIterator[list[Place]]:
    session = f"bench-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": f"sqlite+aiosqlite:///{Path(folder) / 'savant.db'}", "Postgres": _postgres(session)}
        try:
            async with AsyncExitStack() as stack:
                opened = []
                for name, url in urls.items():
                    database = await stack.enter_async_context(Database.open(url))
                    await upgrade(database)
                    opened.append(Place(name, database))
                yield opened
        finally:
            embedded_postgres.stop(session)


def _postgres(session: str) -> str:
    import psycopg

    server = embedded_postgres.address(embedded_postgres.start(session, os.getpid()))
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE bench")
        url = make_url(f"postgresql+psycopg://{admin.info.user}@/bench").update_query_dict({"host": admin.info.host})
    return url.render_as_string(hide_password=False)
