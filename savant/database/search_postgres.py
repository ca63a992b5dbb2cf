"""The index on Postgres: words in tsvector columns under GIN, ranked by the same formula as FTS5's bm25."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import URL

from savant import clock
from savant.database.pgvector import THERE
from savant.database.postgres import conninfo
from savant.database.search_rows import Scored
from savant.schemas.indexing import WEIGHTS, Fields, Query

Rows = list[tuple[Any, ...]]
_COLUMNS = {"A": WEIGHTS.symbol, "B": WEIGHTS.path, "C": WEIGHTS.names, "D": WEIGHTS.text}
_K1, _B = 1.2, 0.75
_CANDIDATES = 3_000
_MAX_POSITION = 16_383


class PostgresSearch:
    def __init__(self, url: URL, workspace_id: int) -> None:
        import psycopg

        self._connection = psycopg.connect(conninfo(url, workspace_id), autocommit=True)

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        return self._connection.execute(_placed(sql), list(parameters)).fetchall()

    def run(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_placed(sql), rows)

    @contextmanager
    def transaction(self) -> Generator[None]:
        with self._connection.transaction():
            yield

    def ids(self, table: str, count: int) -> list[int]:
        rows = self.fetch("SELECT nextval(pg_get_serial_sequence(?, 'id')) FROM generate_series(1, ?)", (table, count))
        return [id for (id,) in rows]

    def moment(self) -> Any:
        return clock.now()

    def add_chunk_words(self, repository: int, rows: Iterable[tuple[int, Fields]]) -> None:
        self.run(
            "INSERT INTO chunk_words (id, repository_id, length, words) VALUES (?, ?, ?, ?::tsvector)",
            [(id, repository, *_vector(A=symbol, B=path, C=names, D=text)) for id, (symbol, path, text, names) in rows],
        )

    def remove_chunk_words(self, repository: int, rows: Sequence[tuple[int, Fields]]) -> None:
        self.run("DELETE FROM chunk_words WHERE id = ?", [(id,) for id, _ in rows])

    def add_commit_words(self, repository: int, rows: Sequence[tuple[int, str]]) -> None:
        self.run(
            "INSERT INTO commit_words (id, repository_id, length, words) VALUES (?, ?, ?, ?::tsvector)",
            [(id, repository, *_vector(D=text)) for id, text in rows],
        )

    def remove_commit_words(self, repository: int, rows: Sequence[tuple[int, str]]) -> None:
        self.run("DELETE FROM commit_words WHERE id = ?", [(id,) for id, _ in rows])

    def chunks_with(
        self, query: Query, repositories: Sequence[int], files: Sequence[int] | None, limit: int
    ) -> list[Scored]:
        only = "" if files is None else " AND c.file_id = ANY(?)"
        more = [] if files is None else [list(files)]
        return self._best("chunk_words", "chunks", "c.file_id", query, repositories, limit, only, more)

    def commits_with(self, query: Query, repositories: Sequence[int], limit: int) -> list[Scored]:
        owner = "ARRAY[to_json(c.repository_id), c.paths]"
        return self._best("commit_words", "repository_commits", owner, query, repositories, limit, "", [])

    def _best(
        self, words: str, table: str, owner: str, query: Query, repositories: Sequence[int], limit: int, only: str,
        more: list[Any],
    ) -> list[Scored]:  # fmt: skip
        ids = list(repositories)
        ((count, total),) = self.fetch(
            f"SELECT count(*), coalesce(sum(length), 0) FROM {words} WHERE repository_id = ANY(?)", (ids,)
        )
        terms = [*query.terms, *query.names]
        rarity = {term: self._rarity(words, term, ids, count) for term in terms}
        match = _tsquery(terms, query.phrases, query.fragments)
        rank = "ts_rank('{0.2, 0.4, 1, 0.6}', w.words, ?::tsquery, 1)"
        rows = self.fetch(
            f"SELECT c.id, {owner}, w.length, w.words::text, {rank} FROM {words} w JOIN {table} c ON c.id = w.id"
            f" WHERE w.words @@ ?::tsquery AND w.repository_id = ANY(?){only} ORDER BY {rank} DESC LIMIT ?",
            (match, match, ids, *more, match, _CANDIDATES),
        )
        average = float(total) / max(count, 1)
        scored = [
            Scored(id, owned, found if query.fragments else _bm25(text, length, average, rarity))
            for id, owned, length, text, found in rows
        ]
        return sorted(scored, key=lambda one: (-one.score, one.id))[:limit]

    def bulk(self, *, on: bool) -> None:
        pass

    def containing(self, literal: str) -> tuple[str, Sequence[Any]]:
        return "strpos(text, ?) > 0", (literal,)

    def _rarity(self, words: str, term: str, repositories: list[int], count: int) -> float:
        ((with_it,),) = self.fetch(
            f"SELECT count(*) FROM {words} WHERE words @@ ?::tsquery AND repository_id = ANY(?)",
            (_quoted(term), repositories),
        )
        return max(math.log((count - with_it + 0.5) / (with_it + 0.5)), 1e-6)

    def compares(self) -> bool:
        return bool(self.fetch(THERE))

    def alive(self) -> bool:
        from psycopg import OperationalError

        try:
            return bool(self.fetch("SELECT 1"))
        except OperationalError:
            return False

    def close(self) -> None:
        self._connection.close()


def _placed(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


def _quoted(term: str) -> str:
    return "'" + term.replace("'", "''").replace("\\", "\\\\") + "'"


def _tsquery(terms: Sequence[str], phrases: Sequence[str], fragments: bool) -> str:
    end = ":*" if fragments else ""
    every = ["(" + " | ".join(_quoted(term) + end for term in terms) + ")"] if terms else []
    every += ["(" + " <-> ".join(_quoted(word) for word in phrase.split()) + ")" for phrase in phrases]
    return " & ".join(every)


def _vector(**columns: str) -> tuple[int, str]:
    """How many words there are, and the words with their places and the letter of their column."""
    places: dict[str, list[str]] = {}
    at = 0
    for letter in sorted(columns):
        for word in columns[letter].split():
            at += 1
            if at <= _MAX_POSITION and len(found := places.setdefault(word, [])) < 256:
                found.append(f"{at}{letter if letter != 'D' else ''}")
        at += 1  # a phrase does not reach from one column into the next
    return at - len(columns), " ".join(f"{_quoted(word)}:{','.join(found)}" for word, found in places.items())


def _bm25(vector: str, length: int, average: float, rarity: dict[str, float]) -> float:
    score = 0.0
    for term, rare in rarity.items():
        found = re.search(rf"(?:^| ){re.escape(_quoted(term))}:(\S+)", vector)
        if found:
            letters = Counter(place.lstrip("0123456789") or "D" for place in found[1].split(","))
            often = sum(_COLUMNS[letter] * times for letter, times in letters.items())
            score += rare * often * (_K1 + 1) / (often + _K1 * (1 - _B + _B * length / (average or 1)))
    return score
