"""The index on SQLite: words in contentless FTS5 tables, which keep positions and no text."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec

from savant import clock
from savant.database.search_matches import Matches
from savant.database.search_rows import Scored
from savant.database.sqlite import connect
from savant.schemas.indexing import WEIGHTS, Fields, Query

Rows = list[tuple[Any, ...]]
_BM25 = f"bm25(chunk_words, 0, {WEIGHTS.symbol}, {WEIGHTS.path}, {WEIGHTS.text}, {WEIGHTS.names})"


class SqliteSearch:
    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._connection.execute("PRAGMA cache_size = -65536")
        self._matches = Matches(self.fetch)

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Generator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:  # raised again: even a cancelled change must not stay half made
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

    def add_chunk_words(self, repository: int, rows: Iterable[tuple[int, Fields]]) -> None:
        self.run(
            "INSERT INTO chunk_words (rowid, scope, symbol, path, text, names) VALUES (?, ?, ?, ?, ?, ?)",
            ((id, f"r{repository}", *found) for id, found in rows),
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
        match = self._matches.of("chunk_words", query, repositories, everywhere=files is None)
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
        match = self._matches.of("commit_words", query, repositories)
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

    def bulk(self, *, on: bool) -> None:
        # Words are gathered in memory for longer, and segments are merged later, when sixteen are of one size.
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {16_384 if on else 1_000}")
        if not on and self.fetch("SELECT v FROM chunk_words_config WHERE k = 'automerge'") in ([], [(4,)]):
            return  # as it is, unless a run was killed while it was on
        for option, value in (("hashsize", 8 << 20 if on else 1 << 20), ("automerge", 0 if on else 4)):
            self._connection.execute("INSERT INTO chunk_words (chunk_words, rank) VALUES (?, ?)", (option, value))

    def containing(self, literal: str) -> tuple[str, Sequence[Any]]:
        return "instr(text, ?) > 0", (literal,)

    def compares(self) -> bool:
        return False

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        self._connection.close()
