"""The index as a run sees it."""

from __future__ import annotations

from pathlib import Path

from savant.runtime.indexing.scanner import top
from savant.schemas.lists import ListQuery
from savant.schemas.repositories import IndexStatus, Repository
from savant.schemas.search import SearchQuery, SearchResult
from savant.services import repositories, search
from savant.services.app import App


class StoredIndex:
    """The repositories of the actor's workspace; `slug` is the one that a run has a checkout of."""

    def __init__(self, app: App, slug: str | None = None) -> None:
        self._app = app
        self._slug = slug

    async def search(self, query: SearchQuery) -> SearchResult:
        return await search.search(self._app, query)

    async def repositories(self) -> list[Repository]:
        async with self._app.read() as work:
            return (await repositories.list(work, ListQuery(limit=1000))).items

    async def status(self, ref: str) -> IndexStatus:
        return await repositories.status(self._app, ref)

    async def here(self, root: Path) -> str | None:
        async with self._app.read() as work:
            if self._slug is not None:
                row = await repositories.find(work, self._slug)
            else:
                row = await repositories.at(work, await top(root))
        return None if row is None or row.indexed_at is None else row.slug
