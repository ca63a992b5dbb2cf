"""Vectors that Postgres itself compares, where it has the extension `vector`: a copy of those beside the chunks.

The bytes beside the chunks stay what is kept, as on SQLite; this table may go and come back, and is filled from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from savant.database import row_security
from savant.database.search_rows import Scored, wanted
from savant.database.work import named_errors

if TYPE_CHECKING:
    from savant.database.connect import Database
    from savant.database.search import Wire

MOST_DIMENSIONS = 16_000
TABLE = "chunk_vectors"
THERE = (
    f"SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('{TABLE}') AND attname = 'embedding' AND NOT attisdropped"
)
LACKING = f"NOT EXISTS (SELECT 1 FROM {TABLE} v WHERE v.id = chunks.id)"
"""Of a chunk: it is not among the vectors here."""
_PUT = (
    f"INSERT INTO {TABLE} (id, repository_id, model, embedding)"
    " SELECT id, repository_id, ?, ?::vector FROM chunks WHERE id = ? AND content_hash = ?"
    " ON CONFLICT (id) DO UPDATE SET model = excluded.model, embedding = excluded.embedding"
)


def prepare(connection: Connection) -> bool:
    """Make the table, in the name of the tables' owner; False where the extension is not there and cannot be made."""
    if connection.dialect.name != "postgresql" or not _extended(connection):
        return False
    if connection.scalar(text(THERE)) is None:
        connection.execute(text(f"DROP TABLE IF EXISTS {TABLE}"))  # an extension that goes takes its columns along
        connection.execute(
            text(
                f"CREATE TABLE {TABLE} (id bigint PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,"
                " repository_id bigint NOT NULL, model bytea NOT NULL, embedding vector NOT NULL,"
                " dimensions integer NOT NULL GENERATED ALWAYS AS (vector_dims(embedding)) STORED)"
            )
        )
        connection.execute(text(f"CREATE INDEX idx_{TABLE}_repository_id ON {TABLE} (repository_id, model)"))
        row_security.of_repository(connection, TABLE)
    return True


async def prepare_later(owner: Database) -> None:
    """`prepare`, after the migrations: for an extension that came when they had been; safe when many start at once."""
    with named_errors():
        async with owner.engine.begin() as connection:
            if await connection.scalar(text(THERE)) is None:
                await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": TABLE})
                if await connection.run_sync(prepare):
                    await connection.run_sync(row_security.force, on=True)


def put(wire: Wire, rows: Sequence[tuple[int, str, bytes, Sequence[float]]]) -> None:
    """Store (chunk, hash of its text, mark of the model, vector), where the chunk still says the same."""
    fit = [row for row in rows if len(row[3]) <= MOST_DIMENSIONS]
    wire.run(_PUT, [(model, _literal(vector), id, hash) for id, hash, model, vector in fit])


def nearest(
    wire: Wire, repositories: Sequence[int], model: bytes, vector: Sequence[float], files: set[int] | None, limit: int
) -> list[Scored]:
    """The chunks whose vectors point most nearly where `vector` does, all of length 1."""
    near = _literal(vector)
    only, more = ("", []) if files is None else (" AND c.file_id = ANY(?)", [list(files)])
    rows: Any = wire.fetch(
        f"SELECT v.id, c.file_id, v.embedding <#> ?::vector FROM {TABLE} v JOIN chunks c ON c.id = v.id"
        f" WHERE v.repository_id IN ({wanted(repositories)}) AND v.model = ? AND v.dimensions = ?{only}"
        " ORDER BY 3, v.id LIMIT ?",
        (near, *repositories, model, len(vector), *more, limit),
    )
    return [Scored(id, file, -away) for id, file, away in rows]


def _literal(vector: Sequence[float]) -> str:
    """As the extension reads it; nine digits are all that 32 bits hold."""
    return f"[{','.join(f'{number:.9g}' for number in vector)}]"


def _extended(connection: Connection) -> bool:
    """Whether the extension is in this database, or can be put there now."""
    if connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'vector'")) is not None:
        return True
    if connection.scalar(text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")) is None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION vector"))
    except DBAPIError:  # most often it takes a superuser; search does without it, and says so
        return False
    return True
