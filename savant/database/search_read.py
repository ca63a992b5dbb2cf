"""Reading the index beyond its full text: files, chunks, symbols and texts, of the repositories that are named."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from savant.database.search import Wire, batches
from savant.database.search_rows import wanted


class FileRow(NamedTuple):
    """A file in the index, without its text."""

    id: int
    repository: int
    path: str
    changes: int
    language: str | None
    hash: str
    commit: str | None
    raw_path: bytes | None


class Candidate(NamedTuple):
    """What a file is ranked by."""

    id: int
    repository: int
    path: str
    changes: int


class Content(NamedTuple):
    """What a file held when it was indexed, and how it could be told then that it holds it."""

    text: str
    stamp: str | None


class RepositoryRow(NamedTuple):
    """A repository as a search needs it."""

    id: int
    slug: str
    local_path: str | None
    indexed_at: Any
    indexed_commit: str | None
    memory: list[str]
    lease_holder: str | None
    lease_expires_at: datetime | None
    updated_at: Any
    status: str
    version: int | None


class ChunkRow(NamedTuple):
    id: int
    file: int
    first_line: int
    last_line: int
    symbol: str
    kind: str


_FILE = 'SELECT id, repository_id, path, changes, language, content_hash, "commit", raw_path FROM repository_files'
_CANDIDATE = "SELECT id, repository_id, path, changes FROM repository_files"
_CHUNK = "SELECT id, file_id, first_line, last_line, symbol, kind FROM chunks"


def repositories(wire: Wire, workspace_id: int) -> list[RepositoryRow]:
    """Every repository of a workspace, by its slug."""
    sql = (
        "SELECT id, slug, local_path, indexed_at, indexed_commit, index_config, lease_holder, lease_expires_at,"
        " updated_at, index_status, index_report FROM repositories WHERE workspace_id = ? ORDER BY slug"
    )
    return [
        RepositoryRow(
            id,
            slug,
            path,
            at,
            commit,
            _memory(config),
            holder,
            _moment(expires),
            updated,
            status,
            _json(report).get("version"),
        )
        for id, slug, path, at, commit, config, holder, expires, updated, status, report in wire.fetch(
            sql, (workspace_id,)
        )
    ]


def _memory(config: Any) -> list[str]:
    """What the paths of notes begin with, however their folders were written."""
    folders = [posixpath.normpath(f"./{folder}") for folder in _json(config).get("memory", [])]
    return ["" if folder == "." else f"{folder}/" for folder in folders]


def _json(stored: Any) -> dict[str, Any]:
    """What is in a column of JSON, which SQLite gives as text."""
    return msgspec.json.decode(stored) if isinstance(stored, str) else stored


def _moment(stored: Any) -> datetime | None:
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return stored


def files(wire: Wire, ids: Iterable[int]) -> dict[int, FileRow]:
    """Files by their ids."""
    rows = [row for some in batches(list(ids)) for row in wire.fetch(f"{_FILE} WHERE id IN ({wanted(some)})", some)]
    return {row[0]: FileRow(*row) for row in rows}


def all_files(wire: Wire, repositories: Sequence[int]) -> list[FileRow]:
    """Every file of some repositories, by path."""
    sql = f"{_FILE} WHERE repository_id IN ({wanted(repositories)}) ORDER BY path"
    return [FileRow(*row) for row in wire.fetch(sql, repositories)]


def candidates(wire: Wire, ids: Iterable[int]) -> dict[int, Candidate]:
    """Files by their ids, to be ranked."""
    rows = [
        row for some in batches(list(ids)) for row in wire.fetch(f"{_CANDIDATE} WHERE id IN ({wanted(some)})", some)
    ]
    return {row[0]: Candidate(*row) for row in rows}


def candidates_at(wire: Wire, repository: int, paths: Iterable[str]) -> dict[str, Candidate]:
    """Those of the paths that are files in the index now."""
    found: dict[str, Candidate] = {}
    for some in batches(list(paths)):
        sql = f"{_CANDIDATE} WHERE repository_id = ? AND path IN ({wanted(some)})"
        found |= {row[2]: Candidate(*row) for row in wire.fetch(sql, (repository, *some))}
    return found


def recent(wire: Wire, repository: int, limit: int) -> list[list[str]]:
    """The files that each of the newest past commits changed, newest first."""
    sql = "SELECT paths FROM repository_commits WHERE repository_id = ? ORDER BY id DESC LIMIT ?"
    return [
        msgspec.json.decode(paths) if isinstance(paths, str) else paths
        for (paths,) in wire.fetch(sql, (repository, limit))
    ]


def chunks(wire: Wire, ids: Iterable[int]) -> dict[int, ChunkRow]:
    """Chunks by their ids."""
    rows = [row for some in batches(list(ids)) for row in wire.fetch(f"{_CHUNK} WHERE id IN ({wanted(some)})", some)]
    return {row[0]: ChunkRow(*row) for row in rows}


def chunks_of(wire: Wire, file: int) -> list[ChunkRow]:
    """A file's chunks, by line."""
    return [ChunkRow(*row) for row in wire.fetch(f"{_CHUNK} WHERE file_id = ? ORDER BY first_line, id", (file,))]


def symbols(wire: Wire, repositories: Sequence[int], name: str, limit: int) -> list[ChunkRow]:
    """Chunks of what is defined as `name`, or ends in `.name`, whatever the case; exact ones first."""
    low = name.lower()
    like = "%." + low.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    sql = (
        f"{_CHUNK} WHERE repository_id IN ({wanted(repositories)}) AND symbol <> ''"
        " AND (lower(symbol) = ? OR lower(symbol) LIKE ? ESCAPE '\\')"
        " ORDER BY CASE WHEN symbol = ? THEN 0 WHEN lower(symbol) = ? THEN 1 ELSE 2 END, length(symbol), id LIMIT ?"
    )
    return [ChunkRow(*row) for row in wire.fetch(sql, (*repositories, low, like, name, low, limit))]


def contents(wire: Wire, ids: Iterable[int]) -> dict[int, Content]:
    """What files held when they were indexed."""
    found: dict[int, Content] = {}
    for some in batches(list(ids)):
        rows = wire.fetch(f"SELECT id, text, stamp FROM repository_files WHERE id IN ({wanted(some)})", some)
        found |= {id: Content(text, stamp) for id, text, stamp in rows}
    return found


def all_contents(wire: Wire, repositories: Sequence[int], literal: str) -> Iterator[tuple[int, Content]]:
    """(file, content) of every file, or of those with `literal` in them, by path, without holding all at once."""
    condition, parameters = wire.containing(literal) if literal else ("1 = 1", ())
    sql = (
        f"SELECT id FROM repository_files WHERE repository_id IN ({wanted(repositories)}) AND {condition}"
        " ORDER BY repository_id, path"
    )
    ids = [id for (id,) in wire.fetch(sql, (*repositories, *parameters))]
    for some in batches(ids, 50):
        found = contents(wire, some)
        for id in some:
            if id in found:
                yield id, found[id]


def subjects(wire: Wire, ids: Iterable[int]) -> dict[int, str]:
    """What past commits said."""
    found: dict[int, str] = {}
    for some in batches(list(ids)):
        found |= dict(wire.fetch(f"SELECT id, subject FROM repository_commits WHERE id IN ({wanted(some)})", some))
    return found
