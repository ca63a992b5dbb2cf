"""Invitations: the verbs. Who accepts one proves who they are, and nobody is made a member unasked."""

from __future__ import annotations

import builtins
from datetime import timedelta

import msgspec
from sqlalchemy import delete as delete_rows
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from savant import clock
from savant.database import lookups
from savant.database.declared import DECLARE, Declared
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.invitation import Invitation as Row
from savant.models.team_member import TeamMember
from savant.models.user import User
from savant.schemas.people import Invitation, InvitationAccept, InvitationCreate
from savant.services import audit_logs, memberships, passwords, tokens
from savant.services.app import App
from savant.services.proving import NOWHERE, Caller, proved

SHOWN = timedelta(days=30)
"""How long one that has expired is still listed."""


async def list(work: Reading) -> builtins.list[Invitation]:
    """Those of the team that nobody has accepted yet, the newest first."""
    rows = select(Row).where(Row.team_id == work.actor.team_id, Row.accepted_at.is_(None)).order_by(Row.id.desc())
    return [_shown(row) for row in await work.session.scalars(rows)]


async def create(work: UnitOfWork, create: InvitationCreate) -> Invitation:
    await memberships.role_in(work, work.actor.team_id, "invitations", "create")
    return await invite(work, work.actor.team_id, create)


async def invite(work: UnitOfWork, team_id: int, create: InvitationCreate) -> Invitation:
    """A new invitation, with the token that its link holds."""
    own = await memberships.role_in(work, team_id, "invitations", "create")
    memberships.refuse_above(own, create.role)
    token = tokens.make_secret()
    row = Row(
        team_id=team_id, email=create.email.lower() if create.email else None, role=create.role,
        token_hash=token.hash, expires_at=clock.now() + timedelta(days=create.days), created_by_id=work.actor.user_id,
    )  # fmt: skip
    work.session.add(row)
    await work.session.flush()
    return msgspec.structs.replace(_shown(row), token=token.text)


async def delete(work: UnitOfWork, id: int) -> None:
    """Withdraw it: its token is good for nothing any more."""
    row = await work.session.scalar(select(Row).where(Row.id == id, Row.team_id == work.actor.team_id))
    if row is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no invitation {id}.")
    await work.session.delete(row)


async def forget_old(work: UnitOfWork) -> None:
    """Delete those of the team that nobody accepted, and nobody can since long ago."""
    over = Row.team_id == work.actor.team_id, Row.accepted_at.is_(None), Row.expires_at < clock.now() - SHOWN
    await work.session.execute(delete_rows(Row).where(*over))


async def accept(app: App, accept: InvitationAccept, caller: Caller = NOWHERE) -> int:
    """Make whoever holds the token a member, with a new account or their own; returns their number.

    This is called before it is known who asks; the token is what says that they may.
    """
    email = accept.email.lower()
    found = await lookups.invitation(app.database, tokens.digest(accept.token))
    if found is None or found.accepted_at is not None or found.expires_at <= clock.now():
        raise SavantError(ErrorCode.NOT_FOUND, "This invitation is not valid, was used, or has expired.")
    if found.email is not None and found.email != email:
        raise SavantError(ErrorCode.NOT_FOUND, "This invitation is not valid, was used, or has expired.")
    known = await lookups.user(app.database, email)
    if known is not None and not await proved(app, known, accept.password, caller):
        message = "There is an account with this address, and this is not its password, or too many have been tried."
        raise SavantError(ErrorCode.UNAUTHENTICATED, message)
    password = None if known else await passwords.hashed(accept.password)
    async with lookups.declared(app.database, Declared(presented=email), write=True) as connection:
        if password is not None:
            now = clock.now()
            made = insert(User).values(email=email, encrypted_password=password, name=accept.name, confirmed_at=now)
            await connection.execute(made)
        user_id = (await connection.execute(select(User.id).where(User.email == email))).scalar_one()
        await _join(app, connection, found, user_id, caller)
    return user_id


async def _join(
    app: App, connection: AsyncConnection, found: lookups.FoundInvitation, user_id: int, caller: Caller
) -> None:
    if app.database.dialect == "postgresql":
        await connection.execute(DECLARE, Declared(user_id=user_id, team_id=found.team_id).parameters())
    used = update(Row).where(Row.id == found.id, Row.accepted_at.is_(None))
    now = clock.now()
    taken = await connection.execute(used.values(accepted_at=now, accepted_by_id=user_id, updated_at=now))
    if taken.rowcount != 1:
        raise SavantError(ErrorCode.CONFLICT, "Somebody has just accepted this invitation.")
    of_both = (TeamMember.team_id == found.team_id, TeamMember.user_id == user_id)
    if (await connection.execute(select(TeamMember.id).where(*of_both))).first() is None:
        await connection.execute(insert(TeamMember).values(team_id=found.team_id, user_id=user_id, role=found.role))
    await audit_logs.tell(
        connection, user_id, found.team_id, action="invitations.accept", resource_type="invitation",
        resource_id=found.id, details={"role": found.role}, **caller._asdict(),
    )  # fmt: skip


def _shown(row: Row) -> Invitation:
    return msgspec.convert(
        {name: getattr(row, name) for name in Invitation.__struct_fields__ if hasattr(row, name)}, Invitation
    )
