"""Personas: the verbs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from savant.database.work import Reading, UnitOfWork
from savant.models.persona import Persona as Row
from savant.schemas.personas import Persona, PersonaDefinition
from savant.services.listings import Listing
from savant.services.stored import Stored, shown_as_they_are


async def _fill(work: UnitOfWork, row: Row, wanted: PersonaDefinition) -> None:
    row.instructions = wanted.instructions
    work.session.add(row)


async def _show(work: Reading, rows: Sequence[Row]) -> Sequence[Persona]:
    return await shown_as_they_are(rows, Persona)


async def _define(work: Reading, row: Row) -> PersonaDefinition:
    return msgspec.convert(row, PersonaDefinition, from_attributes=True)


_stored = Stored("persona", Row, Listing("persona", Row, Persona), fill=_fill, show=_show, define=_define)
list, get, create, update = _stored.list, _stored.get, _stored.create, _stored.update
replace, delete, definition, definitions = _stored.replace, _stored.delete, _stored.definition, _stored.definitions
