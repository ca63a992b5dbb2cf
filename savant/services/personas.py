"""Personas: the verbs."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from savant.database.work import Reading, UnitOfWork
from savant.models.persona import Persona as Row
from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.personas import Persona, PersonaDefinition, PersonaUpdate
from savant.services import records


async def list(work: Reading, query: ListQuery) -> Page[Persona]:
    rows = (await work.session.scalars(records.listing(Row, query, select(Row)))).all()
    page, more = records.cut(rows, query.limit)
    return Page(items=[shown(row) for row in page], next_cursor=page[-1].slug if more else None)


async def get(work: Reading, ref: str) -> Persona:
    return shown(await records.find(work, Row, "persona", ref))


async def create(work: UnitOfWork, create: PersonaDefinition) -> Persona:
    slug = records.slug_of(create)
    await records.refuse_duplicate(work, Row, "persona", slug)
    row = Row(slug=slug)
    work.session.add(row)
    return await _save(work, row, create)


async def update(work: UnitOfWork, ref: str, update: PersonaUpdate) -> Persona:
    row = await records.find(work, Row, "persona", ref)
    return await _save(work, row, records.revised(definition(row), update))


async def replace(work: UnitOfWork, ref: str, definition: PersonaDefinition) -> Persona:
    return await _save(work, await records.find(work, Row, "persona", ref), definition)


async def delete(work: UnitOfWork, ref: str) -> None:
    await work.session.delete(await records.find(work, Row, "persona", ref))


async def _save(work: UnitOfWork, row: Row, wanted: PersonaDefinition) -> Persona:
    row.name = wanted.name
    row.description = wanted.description
    row.instructions = wanted.instructions
    row.visibility = wanted.visibility
    records.stamp(work, row)
    await work.session.flush()
    await records.keep_version(work, "persona", row.slug, definition(row))
    return shown(row)


def definition(row: Row) -> PersonaDefinition:
    """The definition a row holds."""
    return msgspec.convert(row, PersonaDefinition, from_attributes=True)


def shown(row: Row) -> Persona:
    return msgspec.convert(row, Persona, from_attributes=True)
