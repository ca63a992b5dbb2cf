"""Teams: the verbs."""

from __future__ import annotations

import builtins
from typing import Any

import msgspec
from sqlalchemy import select

from savant.database.lookups import next_id
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.team import Team as Row
from savant.models.team_member import TeamMember
from savant.models.workspace import Workspace
from savant.schemas.base import slugify
from savant.schemas.people import Team, TeamCreate, TeamUpdate
from savant.services import memberships, records

FIRST_WORKSPACE = "main"


async def list(work: Reading) -> builtins.list[Team]:
    """The teams the actor is in."""
    rows: Any = await work.session.execute(_mine(work).order_by(Row.slug))
    return [_shown(row, role) for row, role in rows]


async def get(work: Reading, id: int) -> Team:
    found = (await work.session.execute(_mine(work).where(Row.id == id))).first()
    if found is None:
        raise SavantError(
            ErrorCode.NOT_FOUND, f"There is no team {id}.", hint="`savant teams list` shows what there is."
        )
    return _shown(*found)


async def create(work: UnitOfWork, create: TeamCreate) -> Team:
    """A new team with one workspace; whoever makes it is its owner."""
    id = await next_id(await work.session.connection(), "teams")
    await memberships.enter(work, team_id=id)
    row = Row(id=id, name=create.name, slug=create.slug or slugify(create.name), description=create.description)
    records.stamp(work, row)
    work.session.add(row)
    await work.session.flush()
    work.session.add(TeamMember(team_id=id, user_id=work.actor.user_id, role="owner"))
    work.session.add(Workspace(team_id=id, name="Main", slug=FIRST_WORKSPACE))
    await work.session.flush()
    return _shown(row, "owner")


async def update(work: UnitOfWork, id: int, update: TeamUpdate) -> Team:
    role = await memberships.role_in(work, id, "teams", "update")
    await memberships.enter(work, team_id=id)
    row = await work.session.get_one(Row, id)
    for name, value in records.given(update).items():
        setattr(row, name, value)
    records.stamp(work, row)
    await work.session.flush()
    return _shown(row, role)


async def delete(work: UnitOfWork, id: int) -> None:
    """Remove a team with all its workspaces and everything in them."""
    memberships.refuse_above(await memberships.role_in(work, id, "teams", "delete"), "owner")
    if id == work.actor.team_id:
        message = "You are working in this team."
        raise SavantError(ErrorCode.CONFLICT, message, hint="Choose a workspace of another team first.")
    await memberships.enter(work, team_id=id)
    await work.session.delete(await work.session.get_one(Row, id))


def _mine(work: Reading) -> Any:
    mine = (TeamMember.team_id == Row.id) & (TeamMember.user_id == work.actor.user_id)
    return select(Row, TeamMember.role).join(TeamMember, mine)


def _shown(row: Row, role: str) -> Team:
    fields = {name: getattr(row, name) for name in Team.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**fields, "role": role}, Team)
