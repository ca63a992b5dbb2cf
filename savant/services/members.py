"""Members of teams: the verbs."""

from __future__ import annotations

import builtins

from sqlalchemy import select

from savant import clock
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.team_member import TeamMember as Row
from savant.models.user import User
from savant.schemas.people import Invitation, InvitationCreate, Member, MemberAdd, MemberUpdate
from savant.services import actors, invitations, memberships


async def list(work: Reading, team_id: int) -> builtins.list[Member]:
    """Who is in a team, by address."""
    await memberships.role_in(work, team_id, "members", "list")
    await memberships.enter(work, team_id=team_id)
    rows = select(Row, User).join(User, User.id == Row.user_id).where(Row.team_id == team_id).order_by(User.email)
    return [_shown(row, user) for row, user in await work.session.execute(rows)]


async def add(work: UnitOfWork, team_id: int, add: MemberAdd) -> Invitation:
    """Ask somebody in: nobody becomes a member unasked, and nobody learns here who has an account."""
    await memberships.role_in(work, team_id, "members", "add")
    await memberships.enter(work, team_id=team_id)
    return await invitations.invite(work, team_id, InvitationCreate(email=add.email, role=add.role))


async def update(work: UnitOfWork, team_id: int, user_id: int, update: MemberUpdate) -> Member:
    row = await _changeable(work, team_id, user_id, "update", update.role)
    if update.role != "owner":
        await memberships.refuse_last_owner(work, team_id, row)
    row.role, row.updated_at = update.role, clock.now()
    await work.session.flush()
    actors.forget(work.database)
    return _shown(row, await work.session.get_one(User, user_id))


async def remove(work: UnitOfWork, team_id: int, user_id: int) -> None:
    """Take somebody out of a team; what they made stays."""
    row = await _changeable(work, team_id, user_id, "remove")
    await memberships.refuse_last_owner(work, team_id, row)
    await work.session.delete(row)
    actors.forget(work.database)


async def _changeable(work: UnitOfWork, team_id: int, user_id: int, verb: str, *roles: str) -> Row:
    own = await memberships.role_in(work, team_id, "members", verb)
    await memberships.enter(work, team_id=team_id)
    # All owners are locked, so that two of them do not take the role from each other at once.
    owners = select(Row.id).where(Row.team_id == team_id, Row.role == "owner").with_for_update()
    (await work.session.scalars(owners)).all()
    row = await work.session.scalar(select(Row).where(Row.team_id == team_id, Row.user_id == user_id))
    if row is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no member {user_id} in this team.")
    memberships.refuse_above(own, row.role, *roles)
    return row


def _shown(row: Row, user: User) -> Member:
    return Member(
        user_id=user.id, email=user.email, name=user.name, role=row.role, created_at=row.created_at,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip
