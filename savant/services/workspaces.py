"""Workspaces: the verbs. What is changed is of the team that the actor works in."""

from __future__ import annotations

import builtins

import msgspec
from sqlalchemy import func, select

from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.team import Team
from savant.models.workspace import Workspace as Row
from savant.schemas.base import slugify
from savant.schemas.people import Workspace, WorkspaceCreate, WorkspaceUpdate
from savant.services import memberships, records


async def list(work: Reading) -> builtins.list[Workspace]:
    """The workspaces of all teams the actor is in."""
    rows = select(Row, Team.slug).join(Team, Team.id == Row.team_id).order_by(Team.slug, Row.slug)
    return [_shown(row, team) for row, team in await work.session.execute(rows)]


async def get(work: Reading, id: int) -> Workspace:
    found = await work.session.execute(select(Row, Team.slug).join(Team, Team.id == Row.team_id).where(Row.id == id))
    row = found.first()
    if row is None:
        hint = "`savant workspaces list` shows what there is."
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no workspace {id}.", hint=hint)
    return _shown(*row)


async def create(work: UnitOfWork, create: WorkspaceCreate) -> Workspace:
    slug = create.slug or slugify(create.name)
    taken = select(func.count()).where(Row.team_id == work.actor.team_id, Row.slug == slug)
    if await work.session.scalar(taken):
        raise SavantError(ErrorCode.CONFLICT, f"There already is a workspace `{slug}`.", hint="Choose another slug.")
    row = Row(team_id=work.actor.team_id, name=create.name, slug=slug, description=create.description)
    work.session.add(row)
    await work.session.flush()
    return await get(work, row.id)


async def update(work: UnitOfWork, id: int, update: WorkspaceUpdate) -> Workspace:
    row = await _changeable(work, id, "update")
    for name, value in records.given(update).items():
        setattr(row, name, value)
    await work.session.flush()
    return await get(work, id)


async def delete(work: UnitOfWork, id: int) -> None:
    """Remove a workspace and everything in it but its audit log."""
    row = await _changeable(work, id, "delete")
    if id == work.actor.workspace_id:
        hint = "Choose another workspace first."
        raise SavantError(ErrorCode.CONFLICT, "You are working in this workspace.", hint=hint)
    await work.session.delete(row)


async def _changeable(work: UnitOfWork, id: int, verb: str) -> Row:
    shown = await get(work, id)
    await memberships.role_in(work, shown.team_id, "workspaces", verb)
    await memberships.enter(work, team_id=shown.team_id)
    return await work.session.get_one(Row, id)


def _shown(row: Row, team: str) -> Workspace:
    fields = {name: getattr(row, name) for name in Workspace.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**fields, "team": team}, Workspace)
