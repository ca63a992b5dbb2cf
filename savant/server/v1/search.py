"""Search over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.search import SearchQuery, SearchResult


class Search(Protocol):
    async def search(self, query: SearchQuery) -> SearchResult:
        """What words, names and expressions find in the indexed repositories, best first."""
        ...
