"""What one search learned that holds for the next: an open connection, and the files it ranked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Hashable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from savant.database import search_read as read
from savant.database.connect import Database
from savant.database.search import SearchStore
from savant.database.search_read import Candidate, RepositoryRow

T = TypeVar("T")
MOST_KEPT = 4


class Catalog:
    """Files as they are ranked, each looked up once, as long as no index run has begun or ended."""

    def __init__(self, store: SearchStore) -> None:
        self.store = store
        self._mark: Any = None
        self._forget()

    def fit(self, rows: Iterable[RepositoryRow]) -> None:
        """Forget what may be otherwise by now: who holds a repository's lease is writing its files."""
        mark = [(row.id, row.updated_at, row.lease_holder) for row in rows]
        if mark != self._mark or any(holder for *_, holder in mark):
            self._mark = mark
            self._forget()

    def files(self, ids: Iterable[int]) -> dict[int, Candidate]:
        """Files by their ids."""
        wanted = list(ids)
        if new := [id for id in wanted if id not in self._by_id]:
            self._by_id |= read.candidates(self.store.wire, new)
        return {id: self._by_id[id] for id in wanted if id in self._by_id}

    def at(self, repository: int, paths: Iterable[str]) -> dict[str, Candidate | None]:
        """The file at each of the paths, None where there is none now; other paths are in it as well."""
        known = self._by_path.setdefault(repository, {})
        if new := [path for path in paths if path not in known]:
            known |= {**dict.fromkeys(new), **read.candidates_at(self.store.wire, repository, new)}
        return known

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave when it was first asked for under this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    async def aclose(self) -> None:
        await self.store.aclose()

    def _forget(self) -> None:
        self._by_id: dict[int, Candidate] = {}
        self._by_path: dict[int, dict[str, Candidate | None]] = {}
        self._made: dict[Hashable, Any] = {}


@asynccontextmanager
async def catalog(
    database: Database, workspace_id: int, open_store: Callable[[], SearchStore]
) -> AsyncGenerator[Catalog, None]:
    """The catalog that the last search in a workspace left, or a new one; two at once have one each."""
    own = database.kept.pop(workspace_id, None) or Catalog(open_store())
    try:
        yield own
    except BaseException:  # raised again: a thread may still be at work on what was given up
        await own.aclose()
        raise
    if workspace_id in database.kept or len(database.kept) >= MOST_KEPT:
        await own.aclose()
    else:
        database.kept[workspace_id] = own
