"""Tools of a workspace and of the system: the verbs. One of the workspace's stands before the system's of its slug."""

from __future__ import annotations

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select

from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.tool import Tool as Row
from savant.policies import Access
from savant.runtime.tools.validate import check_schema
from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.tools import Tool, ToolCreate, ToolUpdate
from savant.services import records, sharing, sorting

COPIED = ("name", "slug", "description", "engine", "schema", "implementation", "version")


async def list(work: Reading, query: ListQuery) -> Page[Tool]:
    rows = (await work.session.scalars(records.listing(Row, query, select(Row).where(_seen(work))))).all()
    page, more = records.cut(rows, query.limit)
    return Page(items=[_shown(row) for row in page], next_cursor=sorting.cursor(query.sort, page[-1]) if more else None)


async def get(work: Reading, ref: str) -> Tool:
    return _shown(await _find(work, ref))


async def create(work: UnitOfWork, create: ToolCreate) -> Tool:
    check_schema(create.schema)
    fields = {**msgspec.structs.asdict(create), "slug": records.slug_of(create)}
    return await _add(work, Row(**fields))


async def update(work: UnitOfWork, ref: str, update: ToolUpdate) -> Tool:
    row = await _own(work, ref, "change")
    for name, value in records.given(update).items():
        setattr(row, name, value)
    check_schema(row.schema)
    records.stamp(work, row)
    await work.session.flush()
    return _shown(row)


async def delete(work: UnitOfWork, ref: str) -> None:
    await work.session.delete(await _own(work, ref, "change"))


async def install(work: UnitOfWork, ref: str) -> Tool:
    """Copy a tool of the system into the workspace, where it can be changed and the team sees it."""
    row = await work.session.scalar(select(Row).where(Row.slug == ref, Row.workspace_id.is_(None)))
    if row is None:
        row = await _find(work, ref)
        message = f"The tool `{row.slug}` is this workspace's own."
        raise SavantError(ErrorCode.CONFLICT, message, hint="Only tools of the system are installed.")
    return await _add(work, Row(**{name: getattr(row, name) for name in COPIED}, visibility="team"))


async def _add(work: UnitOfWork, row: Row) -> Tool:
    taken = select(Row.id).where(Row.slug == row.slug, Row.workspace_id == work.actor.workspace_id)
    if await work.session.scalar(taken):
        message = f"This workspace already has a tool `{row.slug}`."
        raise SavantError(ErrorCode.CONFLICT, message, hint="Change it, or choose another slug.")
    work.session.add(row)
    records.stamp(work, row)
    await work.session.flush()
    return _shown(row)


async def _find(work: Reading, ref: str) -> Row:
    row = await work.session.scalar(select(Row).where(Row.slug == ref, _seen(work)))
    if row is None:
        raise SavantError(
            ErrorCode.NOT_FOUND, f"There is no tool `{ref}`.", hint="List the tools to see what there is."
        )
    return row


async def _own(work: UnitOfWork, ref: str, access: Access) -> Row:
    row = await _find(work, ref)
    if row.workspace_id is None:
        hint = "Install it, and change what is then the workspace's own."
        raise SavantError(ErrorCode.FORBIDDEN, f"The tool `{ref}` is the system's.", hint=hint)
    await sharing.permit(work, access, row, "tool")
    return row


def _seen(work: Reading) -> ColumnElement[bool]:
    """What the actor may read, without tools of the system in whose place they see one of the workspace."""
    readable = sharing.readable(work.actor, Row, "tool")
    own = and_(Row.workspace_id == work.actor.workspace_id, readable)
    return or_(
        own, and_(Row.workspace_id.is_(None), readable, Row.slug.not_in(select(Row.slug).where(own).correlate(None)))
    )


def _shown(row: Row) -> Tool:
    return msgspec.convert(row, Tool, from_attributes=True)
