"""Oneself: the verbs."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, select

from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.login_session import LoginSession
from savant.models.team import Team
from savant.models.user import User
from savant.models.workspace import Workspace
from savant.schemas.people import Me, MeUpdate
from savant.services import passwords


async def get(work: Reading) -> Me:
    actor = work.actor
    user = await _user(work)
    workspace = await work.session.get_one(Workspace, actor.workspace_id)
    team = await work.session.get_one(Team, actor.team_id)
    return Me(
        user_id=user.id, email=user.email, name=user.name, team_id=team.id, team=team.slug,
        workspace_id=workspace.id, workspace=workspace.slug, role=actor.role,
        scopes=None if actor.scopes is None else [*actor.scopes], api_key_id=actor.api_key_id,
    )  # fmt: skip


async def update(work: UnitOfWork, update: MeUpdate) -> Me:
    """A name, or a password, which ends every session; a key changes no password."""
    user = await _user(work)
    if update.name is not msgspec.UNSET:
        user.name = update.name
    if update.password is not msgspec.UNSET:
        right = await passwords.matches(user.encrypted_password, update.old_password or "")
        if work.actor.api_key_id is not None or not right:
            raise SavantError(ErrorCode.FORBIDDEN, "A new password needs the old one, and a session.")
        user.encrypted_password = await passwords.hashed(update.password)
        await work.session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    await work.session.flush()
    return await get(work)


async def _user(work: Reading) -> User:
    return (await work.session.scalars(select(User).where(User.id == work.actor.user_id))).one()
