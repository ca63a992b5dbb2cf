"""Workflows: the verbs."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from savant.database.work import Reading, UnitOfWork
from savant.models.workflow import Workflow as Row
from savant.runtime.graphs import graph_of
from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.workflows import Workflow, WorkflowDefinition, WorkflowUpdate
from savant.services import records


async def list(work: Reading, query: ListQuery) -> Page[Workflow]:
    rows = (await work.session.scalars(records.listing(Row, query, select(Row)))).all()
    page, more = records.cut(rows, query.limit)
    return Page(items=[shown(row) for row in page], next_cursor=page[-1].slug if more else None)


async def get(work: Reading, ref: str) -> Workflow:
    return shown(await records.find(work, Row, "workflow", ref))


async def create(work: UnitOfWork, create: WorkflowDefinition) -> Workflow:
    slug = records.slug_of(create)
    await records.refuse_duplicate(work, Row, "workflow", slug)
    row = Row(slug=slug, status="active")
    work.session.add(row)
    return await _save(work, row, create)


async def update(work: UnitOfWork, ref: str, update: WorkflowUpdate) -> Workflow:
    row = await records.find(work, Row, "workflow", ref)
    row.status = records.given(update).get("status", row.status)
    return await _save(work, row, records.revised(definition(row), update))


async def replace(work: UnitOfWork, ref: str, definition: WorkflowDefinition) -> Workflow:
    return await _save(work, await records.find(work, Row, "workflow", ref), definition)


async def delete(work: UnitOfWork, ref: str) -> None:
    await work.session.delete(await records.find(work, Row, "workflow", ref))


async def _save(work: UnitOfWork, row: Row, wanted: WorkflowDefinition) -> Workflow:
    wanted = msgspec.structs.replace(wanted, slug=row.slug)
    row.name = wanted.name
    row.description = wanted.description
    row.definition = msgspec.to_builtins(wanted)
    row.graph = msgspec.to_builtins(graph_of(wanted))
    row.visibility = wanted.visibility
    row.tags = wanted.tags
    row.version = (await records.keep_version(work, "workflow", row.slug, wanted)).version
    records.stamp(work, row)
    await work.session.flush()
    return shown(row)


def definition(row: Row) -> WorkflowDefinition:
    """The definition a row holds."""
    return msgspec.convert(row.definition, WorkflowDefinition)


def shown(row: Row) -> Workflow:
    return msgspec.convert(row, Workflow, from_attributes=True)
