"""Alembic's environment, one for both databases: for `savant` itself, and for a developer's command line."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from savant.database import row_security
from savant.database.connect import Database
from savant.models.all import metadata
from savant.models.base import has_model, spelled_out
from savant.models.types import EmptyTexts, IpAddress, Json, Moment, Texts, VerbatimJson

OURS = (IpAddress, Json, Moment, VerbatimJson)


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Our column types by name, as `savant.models.types` has them."""
    if kind == "type" and isinstance(item, OURS):
        autogen.imports.add(f"from savant.models.types import {type(item).__name__}")
        return f"{type(item).__name__}()"
    if kind == "type" and isinstance(item, Texts):
        autogen.imports.add("from savant.models.types import Texts")
        return f"Texts({item.length})"
    if kind == "server_default" and isinstance(getattr(item, "arg", None), EmptyTexts):
        autogen.imports.add("from savant.models.types import EmptyTexts")
        return "EmptyTexts()"
    return False


def run(connection: Connection) -> None:
    """All in one transaction, on SQLite too: a migration that is killed leaves nothing behind."""
    context.configure(
        connection=connection,
        target_metadata=spelled_out(metadata, connection.dialect.name),
        compare_type=True,
        compare_server_default=True,
        include_name=has_model,
        render_as_batch=True,
        render_item=render_item,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        row_security.force(connection, on=False)
        context.run_migrations()
        row_security.force(connection, on=True)
        if connection.dialect.name == "sqlite":
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            if broken:
                raise RuntimeError(f"The migration broke foreign keys: {broken[:3]}")


async def run_alone() -> None:
    async with Database.open(os.environ["SAVANT_DATABASE_URL"]) as database, database.engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()


if "connection" in context.config.attributes:
    run(context.config.attributes["connection"])
else:
    asyncio.run(run_alone())
