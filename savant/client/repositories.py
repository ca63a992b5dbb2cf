"""Repositories and what is found in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from savant.client.transport import Transport
from savant.errors import ErrorCode, SavantError
from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.repositories import (
    IndexProgress,
    IndexReport,
    IndexStatus,
    Repository,
    RepositoryCreate,
    RepositoryUpdate,
)
from savant.schemas.search import SearchQuery, SearchResult

POLL_SECONDS = 0.5


class Repositories:
    """Code that is indexed; `ref` is a slug."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, query: ListQuery | None = None) -> Page[Repository]:
        return await self._transport.call("repositories", "list", Page[Repository], query=query or ListQuery())

    async def get(self, ref: str) -> Repository:
        return await self._transport.call("repositories", "get", Repository, ref=ref)

    async def create(self, create: RepositoryCreate) -> Repository:
        return await self._transport.call("repositories", "create", Repository, create=create)

    async def update(self, ref: str, update: RepositoryUpdate) -> Repository:
        return await self._transport.call("repositories", "update", Repository, ref=ref, update=update)

    async def locate(self, target: str) -> Repository:
        """The repository that a slug, a path or a URL means; one is added for a path or URL that is new."""
        return await self._transport.call("repositories", "locate", Repository, target=target)

    async def index(
        self,
        ref: str,
        *,
        full: bool = False,
        listener: Callable[[IndexProgress], None] | None = None,
        asked: Callable[[Repository], None] | None = None,
    ) -> IndexReport:
        """Bring the index up to date; CONFLICT if another process is at it. Of a server's, wait until it has.

        `asked` is told the first answer.
        """
        found = await self._transport.call("repositories", "index", Repository, ref=ref, full=full, listener=listener)
        if asked is not None:
            asked(found)
        while found.index_status in ("pending", "indexing"):
            await asyncio.sleep(POLL_SECONDS)
            found = await self.get(ref)
        if found.index_status == "failed":
            code = ErrorCode(found.index_report.get("problem_code", ErrorCode.UNEXPECTED))
            raise SavantError(code, found.index_report.get("problem", "The index run failed."))
        return msgspec.convert(found.index_report, IndexReport)

    async def status(self, ref: str) -> IndexStatus:
        return await self._transport.call("repositories", "status", IndexStatus, ref=ref)

    async def delete(self, ref: str) -> None:
        await self._transport.call("repositories", "delete", type(None), ref=ref)


class Search:
    """What words, names and expressions find in the indexed repositories."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def __call__(self, query: SearchQuery) -> SearchResult:
        return await self._transport.call("search", "search", SearchResult, query=query)
