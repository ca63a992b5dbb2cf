"""The verbs of a stored definition, written once; what is its own (how a row is filled and shown) is handed in."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import select

from savant.database.work import Reading, UnitOfWork
from savant.policies import Access
from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.plans import Kind
from savant.services import records, sharing
from savant.services.listings import Listing

Row = TypeVar("Row")
Definition = TypeVar("Definition", bound=msgspec.Struct)
Shown = TypeVar("Shown")


class Stored(Generic[Row, Definition, Shown]):
    """List, get, create, update, replace and delete, by slug, in the workspace of the work.

    `fill` writes a definition into a row that is in the session; `show` gives rows as they are said across a door, and
    `define` gives the definition a row holds.
    """

    def __init__(
        self,
        kind: Kind,
        model: type[Row],
        listing: Listing[Shown],
        *,
        fill: Callable[[UnitOfWork, Row, Definition], Awaitable[None]],
        show: Callable[[Reading, Sequence[Row]], Awaitable[Sequence[Shown]]],
        define: Callable[[Reading, Row], Awaitable[Definition]],
    ) -> None:
        self._kind: Kind = kind
        self._model: Any = model
        self._listing = listing
        self._fill = fill
        self._show = show
        self._define = define

    async def list(self, work: Reading, query: ListQuery) -> Page[Shown]:
        return await self._listing.page(work, query)

    async def get(self, work: Reading, ref: str) -> Shown:
        return (await self._show(work, [await self._find(work, ref)]))[0]

    async def create(self, work: UnitOfWork, create: Definition) -> Shown:
        slug = records.slug_of(create)
        await records.refuse_duplicate(work, self._model, self._kind, slug)
        return await self._save(work, self._model(slug=slug), create)

    async def update(self, work: UnitOfWork, ref: str, update: msgspec.Struct) -> Shown:
        row = await self._find(work, ref, "change")
        if "status" in records.given(update):
            row.status = records.given(update)["status"]
        return await self._save(work, row, records.revised(await self._define(work, row), update))

    async def replace(self, work: UnitOfWork, ref: str, definition: Definition) -> Shown:
        return await self._save(work, await self._find(work, ref, "change"), definition)

    async def delete(self, work: UnitOfWork, ref: str) -> None:
        await work.session.delete(await self._find(work, ref, "change"))

    async def definitions(self, work: Reading) -> dict[str, Definition]:
        """Every definition that the actor may read, by slug."""
        seen = sharing.readable(work.actor, self._model, self._kind)
        rows = (await work.session.scalars(select(self._model).where(seen))).all()
        return {row.slug: await self._define(work, row) for row in rows}

    async def definition(self, work: Reading, ref: str, *, part: bool = False) -> Definition:
        """One definition to run, or as `part` of one; NOT_FOUND names the nearest."""
        row = await records.find(work, self._model, self._kind, ref, part=part)
        if not part:
            await sharing.permit(work, "execute", row, self._kind)
        return await self._define(work, row)

    async def _find(self, work: Reading, ref: str, access: Access = "read") -> Any:
        row = await records.find(work, self._model, self._kind, ref)
        if access != "read":
            await sharing.permit(work, access, row, self._kind)
        return row

    async def _save(self, work: UnitOfWork, row: Any, wanted: Definition) -> Shown:
        wanted = msgspec.structs.replace(wanted, slug=row.slug)
        version = await records.keep_version(work, self._kind, row.slug, wanted)
        for name in ("name", "description", "visibility", "tags"):
            if hasattr(row, name):
                setattr(row, name, getattr(wanted, name))
        if hasattr(row, "version"):
            row.version = version.version
        records.stamp(work, row)
        await self._fill(work, row, wanted)
        await work.session.flush()
        return (await self._show(work, [row]))[0]


async def shown_as_they_are(rows: Sequence[Any], schema: type[Shown]) -> builtins.list[Shown]:
    """Rows whose columns are the schema's fields."""
    return [msgspec.convert(row, schema, from_attributes=True) for row in rows]
