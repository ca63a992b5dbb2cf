"""How files and chunks become rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from savant.schemas.indexing import FIELDS, Parsed, Piece

FILE = (
    "INSERT INTO repository_files (id, repository_id, path, raw_path, content_hash, size, language, structured,"
    ' "commit", indexed_at, text, stamp) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET'
    " content_hash = excluded.content_hash, size = excluded.size, language = excluded.language,"
    ' structured = excluded.structured, "commit" = excluded."commit", indexed_at = excluded.indexed_at,'
    " text = excluded.text, stamp = excluded.stamp"
)
CHUNK = (
    "INSERT INTO chunks (id, repository_id, file_id, first_line, last_line, symbol, kind, content_hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class Scored(NamedTuple):
    """A chunk or a past commit that matches; of a chunk `owner` is its file, of a commit its repository and paths."""

    id: int
    owner: Any
    score: float


def file_row(id: int, repository: int, commit: str | None, now: Any, file: Parsed) -> tuple[Any, ...]:
    raw = os.fsencode(file.path)
    odd = raw if raw != file.shown.encode() else None
    return (
        id, repository, file.shown, odd, file.hash, file.size, file.language, file.structured, commit, now, file.text,
        file.stamp,
    )  # fmt: skip


def chunk_row(id: int, repository: int, file: int, piece: Piece) -> tuple[Any, ...]:
    return (id, repository, file, *piece[:FIELDS])


def wanted(items: Sequence[Any]) -> str:
    """As many `?` as there are items."""
    return ", ".join("?" * len(items))
