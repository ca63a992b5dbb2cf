"""Queries in FTS5's language: which rows are found, and which words rank them, in the time that a search has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from savant.schemas.indexing import Query

# Rows that can be ranked in that time; each takes 1 µs to 2 µs. Where filters leave a part of them, more are looked at.
BUDGET = {"chunk_words": 2_000, "commit_words": 2_500}
FILTERED = 5
# A word in more rows than this says too little for the time that it takes to go through them.
MOST = 10_000
MANY_COUNTS = 10_000


class Matches:
    """Makes such queries from how often words are in the index, which is counted once and kept."""

    def __init__(self, fetch: Callable[..., list[tuple[Any, ...]]]) -> None:
        self._fetch = fetch
        self._counted: dict[tuple[str, str], int] = {}
        self._newest: list[tuple[Any, ...]] = []

    def of(self, table: str, query: Query, repositories: Sequence[int], *, everywhere: bool = True) -> str:
        """Any of the words and all of the phrases, kept to the repositories where there are others."""
        self._recount()
        there = "scope : (" + " OR ".join(f'"r{id}"' for id in repositories) + ")"
        any_of = self._any(table, query, there, BUDGET[table] * (1 if everywhere else FILTERED))
        every = [f"({any_of})"] if any_of else []
        every += [f'"{phrase}"' for phrase in query.phrases]
        if len(self._fetch("SELECT id FROM repositories LIMIT ?", (len(repositories) + 1,))) > len(repositories):
            every.append(there)
        return " AND ".join(every)

    def _any(self, table: str, query: Query, there: str, budget: int) -> str:
        """Rare words find rows, also common ones where they are a symbol's; all of them rank what is found."""
        terms = [f'"{term}"' for term in (*query.terms, *query.names)]
        if query.fragments:
            return " OR ".join(f"{term} *" for term in terms)
        finds = self._within(table, terms, budget)
        common = [term for term in terms if term not in finds]
        if table == "chunk_words":
            left = budget - sum(self._often(table, term) for term in finds)
            finds += self._within(table, [f"{{symbol}} : {term}" for term in common], left)
        if not finds:
            return self._together(table, common)
        ranks = [term for term in common if self._often(table, term) <= MOST]
        # That a row has none of the common words is no matter: every one is in its repository.
        return f"({' OR '.join(finds)}) AND ({' OR '.join([*ranks, there])})" if ranks else " OR ".join(finds)

    def _within(self, table: str, terms: Sequence[str], budget: int) -> list[str]:
        """As many of the terms, the rarest first, as there is room for all of their rows."""
        found: list[str] = []
        for often, _, term in sorted((self._often(table, term), at, term) for at, term in enumerate(terms)):
            if often <= budget:
                budget -= often
                found.append(term)
        return found

    def _together(self, table: str, common: Sequence[str]) -> str:
        """As many of the words in one row as there are rows for."""
        for end in range(len(common), 1, -1):
            if self._often(table, match := f"({' AND '.join(common[:end])})"):
                return match
        named = f"{{symbol}} : {common[0]}"
        return named if self._often(table, common[0]) > MOST and self._often(table, named) else common[0]

    def _often(self, table: str, match: str) -> int:
        """How many rows match; of more than MOST only that they are more."""
        if (table, match) not in self._counted:
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {table} MATCH ? LIMIT {MOST + 1})"
            self._counted[table, match] = self._fetch(sql, (match,))[0][0]
        return self._counted[table, match]

    def _recount(self) -> None:
        """Count anew where rows have been added, or where very much is counted."""
        newest = self._fetch("SELECT seq FROM sqlite_sequence WHERE name IN ('chunks', 'repository_commits')")
        if newest != self._newest or len(self._counted) > MANY_COUNTS:
            self._newest = newest
            self._counted.clear()
