"""The CodeIndex protocol: what the runtime knows of the index, wherever it is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from savant.runtime.tools.engine import tool_failed
from savant.schemas.repositories import IndexStatus, Repository
from savant.schemas.search import SearchQuery, SearchResult


class CodeIndex(Protocol):
    """The repositories that are indexed, and what is found in them; failures are SavantErrors."""

    async def search(self, query: SearchQuery) -> SearchResult: ...

    async def repositories(self) -> list[Repository]: ...

    async def status(self, ref: str) -> IndexStatus: ...

    async def here(self, root: Path) -> str | None:
        """The slug of the repository that `root` is the working tree of; None if it is not indexed."""
        ...


class Unindexed:
    """Where there is no index: nothing is found, and it is said why."""

    async def search(self, query: SearchQuery) -> SearchResult:
        raise tool_failed("There is no index to search here.", "Use fs.find and git.log, or run `savant index` first.")

    async def repositories(self) -> list[Repository]:
        return []

    async def status(self, ref: str) -> IndexStatus:
        raise tool_failed(f"There is no index of `{ref}` here.", "Run `savant index` first.")

    async def here(self, root: Path) -> str | None:
        return None
