"""Workflows: the verbs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from savant.database.work import Reading, UnitOfWork
from savant.models.workflow import Workflow as Row
from savant.runtime.graphs import graph_of
from savant.schemas.workflows import Workflow, WorkflowDefinition
from savant.services.listings import Listing
from savant.services.stored import Stored, shown_as_they_are


async def _fill(work: UnitOfWork, row: Row, wanted: WorkflowDefinition) -> None:
    row.definition = msgspec.to_builtins(wanted)
    row.graph = msgspec.to_builtins(graph_of(wanted))
    work.session.add(row)


async def _show(work: Reading, rows: Sequence[Row]) -> Sequence[Workflow]:
    return await shown_as_they_are(rows, Workflow)


async def _define(work: Reading, row: Row) -> WorkflowDefinition:
    return msgspec.convert(row.definition, WorkflowDefinition)


_stored = Stored("workflow", Row, Listing("workflow", Row, Workflow), fill=_fill, show=_show, define=_define)
list, get, create, update = _stored.list, _stored.get, _stored.create, _stored.update
replace, delete, definition, definitions = _stored.replace, _stored.delete, _stored.definition, _stored.definitions
