"""The index of repositories as it is stored: written in short transactions, read by what a query asks.

Statements run on a bare connection in a thread of their own, since a file is hundreds of rows; every one names the
repositories it may touch, and those come from a session that sees one workspace alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from savant.database.connect import Database
from savant.database.search_rows import CHUNK, FILE, Scored, chunk_row, file_row, wanted
from savant.schemas.indexing import FIELDS, HASH, Fields, Parsed, PastCommit, Piece, Query, Vocabulary

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
_MANY = 500


class Known(NamedTuple):
    """A file in the index, without its text."""

    id: int
    path: str
    hash: str
    size: int
    commit: str | None
    structured: bool
    stamp: str | None


class Wire(Protocol):
    """A bare connection; `?` stands for a parameter on every database."""

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> Rows: ...

    def run(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...

    def transaction(self) -> AbstractContextManager[None]: ...

    def ids(self, table: str, count: int) -> list[int]:
        """Numbers for new rows, which no other row has had."""
        ...

    def moment(self) -> Any:
        """Now, as a column of the database holds it."""
        ...

    def add_chunk_words(self, repository: int, rows: Iterable[tuple[int, Fields]]) -> None: ...

    def remove_chunk_words(self, repository: int, rows: Sequence[tuple[int, Fields]]) -> None: ...

    def add_commit_words(self, repository: int, rows: Sequence[tuple[int, str]]) -> None: ...

    def remove_commit_words(self, repository: int, rows: Sequence[tuple[int, str]]) -> None: ...

    def chunks_with(
        self, query: Query, repositories: Sequence[int], files: Sequence[int] | None, limit: int
    ) -> list[Scored]:
        """Chunks with any of the query's words and all of its phrases, best first, of some files or of all."""
        ...

    def commits_with(self, query: Query, repositories: Sequence[int], limit: int) -> list[Scored]: ...

    def bulk(self, *, on: bool) -> None:
        """Before and after very much is written at once."""
        ...

    def containing(self, literal: str) -> tuple[str, Sequence[Any]]:
        """The condition, with its parameters, that a file's text has `literal` in it."""
        ...

    def compares(self) -> bool:
        """Whether the database itself finds the nearest vectors."""
        ...

    def alive(self) -> bool:
        """Whether the database is still there at the other end."""
        ...

    def close(self) -> None: ...


class SearchStore:
    """One connection to the index; its methods are called through `do`, in a thread, one after the other."""

    def __init__(self, database: Database, workspace_id: int, vocabulary: Vocabulary) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._words = vocabulary
        self._lock = threading.Lock()
        self._wire: Wire | None = None

    @property
    def wire(self) -> Wire:
        if self._wire is None:
            self._wire = _open_wire(self._database, self._workspace_id)
        return self._wire

    def revive(self) -> None:
        """Connect anew where the database has hung up meanwhile."""
        if self._wire is not None and not self._wire.alive():
            self._wire.close()
            self._wire = None

    async def do(self, function: Callable[..., T], *arguments: Any) -> T:
        """`function(*arguments)` in a thread; `function` is a method of this store or of `wire`."""
        return await asyncio.to_thread(self._locked, function, *arguments)

    async def aclose(self) -> None:
        if self._wire is not None:
            await asyncio.to_thread(self._locked, self._wire.close)
            self._wire = None

    def _locked(self, function: Callable[..., T], *arguments: Any) -> T:
        with self._lock:
            return function(*arguments)

    # Writing

    def known(self, repository: int) -> dict[str, Known]:
        """Every file in the index, by its path."""
        rows = self.wire.fetch(
            'SELECT id, path, content_hash, size, "commit", structured, stamp FROM repository_files'
            " WHERE repository_id = ?",
            (repository,),
        )
        return {row[1]: Known(*row) for row in rows}

    def write(self, repository: int, commit: str | None, files: Sequence[Parsed]) -> None:
        """Put files into the index in place of what it held of them, in one transaction."""
        with self.wire.transaction():
            old = self._ids(repository, [file.shown for file in files])
            new = [file.shown for file in files if file.shown not in old]
            ids = old | dict(zip(new, self.wire.ids("repository_files", len(new)), strict=True))
            for file in files:
                if file.shown in old:
                    self._remove_chunks(repository, old[file.shown], keep=Counter(piece[HASH] for piece in file.pieces))
            now = self.wire.moment()
            self.wire.run(FILE, (file_row(ids[file.shown], repository, commit, now, file) for file in files))
            self._add_chunks(repository, self._chunks(list(old.values())), ids, files)

    def stamp(self, files: Sequence[tuple[int, str | None]]) -> None:
        """Note (file, stamp) of files that were read and are unchanged."""
        with self.wire.transaction():
            self.wire.run("UPDATE repository_files SET stamp = ? WHERE id = ?", [(stamp, id) for id, stamp in files])

    def remove(self, repository: int, paths: Sequence[str]) -> None:
        """Take files out of the index, in one transaction."""
        with self.wire.transaction():
            found = self._ids(repository, paths)
            for file in found.values():
                self._remove_chunks(repository, file, keep=Counter())
            self.wire.run("DELETE FROM repository_files WHERE id = ?", [(id,) for id in found.values()])

    def add_commits(self, repository: int, commits: Sequence[PastCommit]) -> None:
        """Remember past commits, in one transaction; those that are known are left as they are."""
        with self.wire.transaction():
            known = self._known_commits(repository, commits)
            new = [commit for commit in commits if commit.sha not in known]
            ids = self.wire.ids("repository_commits", len(new))
            self.wire.run(
                "INSERT INTO repository_commits (id, repository_id, sha, subject, paths) VALUES (?, ?, ?, ?, ?)",
                (
                    (id, repository, commit.sha, commit.subject, msgspec.json.encode(commit.paths).decode())
                    for id, commit in zip(ids, new, strict=True)
                ),
            )
            self.wire.add_commit_words(
                repository, [(id, self._words.stems(commit.subject)) for id, commit in zip(ids, new, strict=True)]
            )

    def _known_commits(self, repository: int, commits: Sequence[PastCommit]) -> set[str]:
        if self.newest_commit(repository) is None:
            return set()
        return {
            sha
            for some in batches([commit.sha for commit in commits])
            for (sha,) in self.wire.fetch(
                f"SELECT sha FROM repository_commits WHERE repository_id = ? AND sha IN ({wanted(some)})",
                (repository, *some),
            )
        }

    def count_changes(self, repository: int) -> None:
        """Note on each file in how many past commits it was changed."""
        with self.wire.transaction():
            stored = self.wire.fetch("SELECT paths FROM repository_commits WHERE repository_id = ?", (repository,))
            counted = Counter(chain.from_iterable(_paths([paths for (paths,) in stored])))
            rows = self.wire.fetch(
                "SELECT id, path, changes FROM repository_files WHERE repository_id = ?", (repository,)
            )
            changed = [(counted[path], id) for id, path, changes in rows if counted[path] != changes]
            self.wire.run("UPDATE repository_files SET changes = ? WHERE id = ?", changed)

    def forget(self, repository: int) -> None:
        """Take everything of a repository out of the index, in short transactions."""
        for paths in batches(list(self.known(repository)), 100):
            self.remove(repository, paths)
        while commits := self.wire.fetch(
            "SELECT id, subject FROM repository_commits WHERE repository_id = ? LIMIT 1000", (repository,)
        ):
            with self.wire.transaction():
                self.wire.remove_commit_words(repository, [(id, self._words.stems(subject)) for id, subject in commits])
                self.wire.run("DELETE FROM repository_commits WHERE id = ?", [(id,) for id, _ in commits])

    def count(self, repository: int) -> tuple[int, int]:
        """How many files and chunks there are."""
        (row,) = self.wire.fetch(
            "SELECT (SELECT count(*) FROM repository_files WHERE repository_id = ?),"
            " (SELECT count(*) FROM chunks WHERE repository_id = ?)",
            (repository, repository),
        )
        return row[0], row[1]

    def newest_commit(self, repository: int) -> str | None:
        """The past commit that was remembered last."""
        rows = self.wire.fetch(
            "SELECT sha FROM repository_commits WHERE repository_id = ? ORDER BY id DESC LIMIT 1", (repository,)
        )
        return rows[0][0] if rows else None

    def _ids(self, repository: int, paths: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for some in batches(paths):
            found |= dict(
                self.wire.fetch(
                    f"SELECT path, id FROM repository_files WHERE repository_id = ? AND path IN ({wanted(some)})",
                    (repository, *some),
                )
            )
        return found

    def _remove_chunks(self, repository: int, file: int, keep: Counter[str]) -> None:
        """Take the chunks of a file out of the index, but for so many of each hash."""
        ((path, text),) = self.wire.fetch("SELECT path, text FROM repository_files WHERE id = ?", (file,))
        lines = text.split("\n")
        gone: list[tuple[int, Fields]] = []
        for id, first, last, symbol, hash in self.wire.fetch(
            "SELECT id, first_line, last_line, symbol, content_hash FROM chunks WHERE file_id = ? ORDER BY id", (file,)
        ):
            keep[hash] -= 1
            if keep[hash] < 0:
                gone.append((id, self._words.fields(path, symbol, "\n".join(lines[first - 1 : last]))))
        self.wire.remove_chunk_words(repository, gone)
        self.wire.run("DELETE FROM chunks WHERE id = ?", [(id,) for id, _ in gone])

    def _chunks(self, files: Sequence[int]) -> dict[tuple[int, str], list[int]]:
        """The chunks of files, by file and hash."""
        found: dict[tuple[int, str], list[int]] = {}
        for some in batches(files):
            for id, file, hash in self.wire.fetch(
                f"SELECT id, file_id, content_hash FROM chunks WHERE file_id IN ({wanted(some)}) ORDER BY id DESC", some
            ):
                found.setdefault((file, hash), []).append(id)
        return found

    def _add_chunks(
        self, repository: int, old: dict[tuple[int, str], list[int]], ids: dict[str, int], files: Sequence[Parsed]
    ) -> None:
        """The chunks of files; one that says what an old one said takes its place, wherever it stands now."""
        added: list[tuple[int, Piece]] = []
        moved: list[tuple[int, int, int]] = []
        for file in files:
            id = ids[file.shown]
            for piece in file.pieces:
                if same := old.get((id, piece[HASH])) if old else None:
                    moved.append((piece[0], piece[1], same.pop()))
                else:
                    added.append((id, piece))
        numbers = self.wire.ids("chunks", len(added))
        self.wire.run("UPDATE chunks SET first_line = ?, last_line = ? WHERE id = ?", moved)
        rows = zip(numbers, added, strict=True)
        self.wire.run(CHUNK, (chunk_row(id, repository, file, piece) for id, (file, piece) in rows))
        rows = zip(numbers, added, strict=True)
        self.wire.add_chunk_words(repository, ((id, piece[FIELDS:]) for id, (_, piece) in rows))


def _paths(stored: list[Any]) -> list[list[str]]:
    """The paths of many commits; where the database gives their text it is read all at once."""
    return stored if stored and isinstance(stored[0], list) else msgspec.json.decode(f"[{','.join(stored)}]")


def batches(items: Sequence[T], size: int = _MANY) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _open_wire(database: Database, workspace_id: int) -> Wire:
    if database.dialect == "sqlite":
        from savant.database.search_sqlite import SqliteSearch

        return SqliteSearch(database.path)
    from savant.database.search_postgres import PostgresSearch

    return PostgresSearch(database.url, workspace_id)
