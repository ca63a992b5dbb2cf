"""Repositories over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.repositories import IndexStatus, Repository, RepositoryCreate, RepositoryUpdate
from savant.server.v1.stored import Ref


class Repositories(Protocol):
    async def list(self, query: ListQuery) -> Page[Repository]:
        """Repositories, in order of slug."""
        ...

    async def create(self, create: RepositoryCreate) -> Repository:
        """Register a repository."""
        ...

    async def get(self, ref: Ref) -> Repository:
        """One repository."""
        ...

    async def update(self, ref: Ref, update: RepositoryUpdate) -> Repository:
        """Change its name, its branch or what is indexed of it."""
        ...

    async def delete(self, ref: Ref) -> None:
        """Forget a repository and its index."""
        ...

    async def locate(self, target: str) -> Repository:
        """The repository that a slug or a URL means; one is added for a URL that is new."""
        ...

    async def index(self, ref: Ref, full: bool = False) -> Repository:
        """Have the index brought up to date; its `index_status` says when it is, and `index_report` what was done."""
        ...

    async def status(self, ref: Ref) -> IndexStatus:
        """The index beside the repository as it is now."""
        ...
