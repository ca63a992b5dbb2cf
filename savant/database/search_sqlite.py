"""The index on SQLite: words in contentless FTS5 tables, which keep positions and no text."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec

from savant import clock
from savant.database.search_rows import Scored
from savant.database.sqlite import connect
from savant.schemas.indexing import WEIGHTS, Fields, Query

Rows = list[tuple[Any, ...]]
_BM25 = f"bm25(chunk_words, 0, {WEIGHTS.symbol}, {WEIGHTS.path}, {WEIGHTS.text}, {WEIGHTS.names})"


class SqliteSearch:
    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._connection.execute("PRAGMA cache_size = -65536")

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Generator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def ids(self, table: str, count: int) -> list[int]:
        # Within BEGIN IMMEDIATE nobody else takes numbers, and AUTOINCREMENT notes the highest that was ever used.
        used = self.fetch("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        first = (used[0][0] if used else 0) + 1
        return list(range(first, first + count))

    def moment(self) -> Any:
        return clock.now().astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

    def add_chunk_words(self, repository: int, rows: Sequence[tuple[int, Fields]]) -> None:
        self.run(
            "INSERT INTO chunk_words (rowid, scope, symbol, path, text, names) VALUES (?, ?, ?, ?, ?, ?)",
            [(id, f"r{repository}", *found) for id, found in rows],
        )

    def remove_chunk_words(self, repository: int, rows: Sequence[tuple[int, Fields]]) -> None:
        self.run(
            "INSERT INTO chunk_words (chunk_words, rowid, scope, symbol, path, text, names)"
            " VALUES ('delete', ?, ?, ?, ?, ?, ?)",
            [(id, f"r{repository}", *found) for id, found in rows],
        )

    def add_commit_words(self, repository: int, rows: Sequence[tuple[int, str]]) -> None:
        self.run(
            "INSERT INTO commit_words (rowid, scope, text) VALUES (?, ?, ?)",
            [(id, f"r{repository}", text) for id, text in rows],
        )

    def remove_commit_words(self, repository: int, rows: Sequence[tuple[int, str]]) -> None:
        self.run(
            "INSERT INTO commit_words (commit_words, rowid, scope, text) VALUES ('delete', ?, ?, ?)",
            [(id, f"r{repository}", text) for id, text in rows],
        )

    def chunks_with(
        self, query: Query, repositories: Sequence[int], files: Sequence[int] | None, limit: int
    ) -> list[Scored]:
        match = self._match("chunk_words", query, repositories)
        if files is None:
            sql = (
                f"SELECT c.id, c.file_id, w.score FROM (SELECT rowid AS id, -{_BM25} AS score FROM chunk_words"
                " WHERE chunk_words MATCH ? ORDER BY score DESC LIMIT ?) w JOIN chunks c ON c.id = w.id"
                " ORDER BY w.score DESC, c.id"
            )
            return [Scored(*row) for row in self.fetch(sql, (match, limit))]
        sql = (
            f"SELECT c.id, c.file_id, -{_BM25} AS score FROM chunk_words JOIN chunks c ON c.id = chunk_words.rowid"
            " WHERE chunk_words MATCH ? AND c.file_id IN (SELECT value FROM json_each(?))"
            " ORDER BY score DESC, c.id LIMIT ?"
        )
        return [Scored(*row) for row in self.fetch(sql, (match, str(list(files)), limit))]

    def commits_with(self, query: Query, repositories: Sequence[int], limit: int) -> list[Scored]:
        match = self._match("commit_words", query, repositories)
        sql = (
            "SELECT c.id, c.repository_id, c.paths, w.score"
            " FROM (SELECT rowid AS id, -bm25(commit_words) AS score FROM commit_words"
            " WHERE commit_words MATCH ? ORDER BY score DESC LIMIT ?) w JOIN repository_commits c ON c.id = w.id"
            " ORDER BY w.score DESC, c.id DESC"
        )
        return [
            Scored(id, (repository, msgspec.json.decode(paths)), score)
            for id, repository, paths, score in self.fetch(sql, (match, limit))
        ]

    def containing(self, literal: str) -> tuple[str, Sequence[Any]]:
        return "instr(text, ?) > 0", (literal,)

    def _match(self, table: str, query: Query, repositories: Sequence[int]) -> str:
        """The query in FTS5's language, kept to the repositories where there are others."""
        end = " *" if query.fragments else ""
        any_of = " OR ".join(f'"{term}"{end}' for term in (*query.terms, *query.names))
        every = [f"({any_of})"] if any_of else []
        every += [f'"{phrase}"' for phrase in query.phrases]
        if len(self.fetch("SELECT id FROM repositories LIMIT ?", (len(repositories) + 1,))) > len(repositories):
            every.append("scope : (" + " OR ".join(f'"r{id}"' for id in repositories) + ")")
        return " AND ".join(every)

    def close(self) -> None:
        self._connection.close()
