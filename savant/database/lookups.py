"""What is looked up before it is known who asks: each row by the secret, or the person, that opens it.

Nothing else may be read without an actor. On Postgres row-level security sees what is presented and shows that row
alone; on SQLite the conditions here are all there is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import ColumnElement, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from savant.database.connect import Database
from savant.database.declared import DECLARE, Declared
from savant.database.work import named_errors
from savant.models.api_key import ApiKey
from savant.models.invitation import Invitation
from savant.models.login_session import LoginSession
from savant.models.share import Share
from savant.models.team import Team
from savant.models.team_member import TeamMember
from savant.models.user import User
from savant.models.workspace import Workspace
from savant.schemas.actors import Role

Found = TypeVar("Found", bound="tuple[Any, ...]")


class FoundKey(NamedTuple):
    id: int
    user_id: int
    workspace_id: int
    key_hash: str
    scopes: list[str] | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class FoundSession(NamedTuple):
    id: int
    user_id: int
    workspace_id: int | None
    once: bool
    expires_at: datetime


class FoundInvitation(NamedTuple):
    id: int
    team_id: int
    email: str | None
    role: Role
    expires_at: datetime
    accepted_at: datetime | None


class FoundShare(NamedTuple):
    id: int
    workspace_id: int
    expires_at: datetime | None


class FoundUser(NamedTuple):
    id: int
    email: str
    encrypted_password: str
    failed_sign_ins: int
    locked_until: datetime | None


class Membership(NamedTuple):
    """A person in one workspace, as what their team has them."""

    workspace_id: int
    team_id: int
    role: Role


@asynccontextmanager
async def declared(database: Database, who: Declared, *, write: bool = False) -> AsyncGenerator[AsyncConnection, None]:
    """A transaction in the name of somebody who is not an actor yet."""
    with named_errors():
        async with (database.engine if write else database.reader).begin() as connection:
            if database.dialect == "postgresql":
                await connection.execute(DECLARE, who.parameters())
            yield connection


async def key(database: Database, prefix: str, key_hash: str) -> FoundKey | None:
    """The key that begins so; whether it is the one, its hash says."""
    return await _shown(database, FoundKey, ApiKey.prefix == prefix, key_hash)


async def session(database: Database, token_hash: str) -> FoundSession | None:
    return await _shown(database, FoundSession, LoginSession.token_hash == token_hash, token_hash)


async def invitation(database: Database, token_hash: str) -> FoundInvitation | None:
    return await _shown(database, FoundInvitation, Invitation.token_hash == token_hash, token_hash)


async def share(database: Database, token_hash: str) -> FoundShare | None:
    return await _shown(database, FoundShare, Share.token == token_hash, token_hash)


async def user(database: Database, email: str) -> FoundUser | None:
    """The person with this address, which is in lower case."""
    return await _shown(database, FoundUser, User.email == email, email)


async def membership(database: Database, user_id: int, workspace: int | tuple[str, str] | None) -> Membership | None:
    """A person's place in a workspace, by its number or by the slugs of team and workspace; None is their first one."""
    wanted = (
        select(Workspace.id, Workspace.team_id, TeamMember.role)
        .join(TeamMember, TeamMember.team_id == Workspace.team_id)
        .where(TeamMember.user_id == user_id)
    )
    if isinstance(workspace, int):
        wanted = wanted.where(Workspace.id == workspace)
    elif workspace is not None:
        team, slug = workspace
        wanted = wanted.join(Team, Team.id == Workspace.team_id).where(Team.slug == team, Workspace.slug == slug)
    async with declared(database, Declared(user_id=user_id)) as connection:
        row = (await connection.execute(wanted.order_by(Workspace.id).limit(1))).first()
    return None if row is None else Membership(*row)


async def workspace(database: Database, team: str, slug: str) -> int | None:
    """The number of a workspace by slugs, for who is not in its team: it opens nothing by itself."""
    found = select(Workspace.id).join(Team, Team.id == Workspace.team_id)
    async with declared(database, Declared(presented=f"{team}/{slug}")) as connection:
        return await connection.scalar(found.where(Team.slug == team, Workspace.slug == slug))


async def note_use(database: Database, key: FoundKey, now: datetime, ip_address: str | None) -> None:
    """Remember when a key was last used, and from where."""
    used = update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now, last_used_ip=ip_address, updated_at=now)
    async with declared(database, Declared(workspace_id=key.workspace_id), write=True) as connection:
        await connection.execute(used)


async def next_id(connection: AsyncConnection, table: str) -> int:
    """The number of a row that is yet to be written, so that it can be declared before it is."""
    if connection.dialect.name == "postgresql":
        taken = text("SELECT nextval(pg_get_serial_sequence(:table, 'id'))")
        return (await connection.execute(taken, {"table": table})).scalar_one()
    last = text("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = :table), 0) + 1")
    return (await connection.execute(last, {"table": table})).scalar_one()


async def last_workspace(database: Database) -> int:
    """The highest number that a workspace may have; 0 if there is none. Which are there, each must say for itself."""
    last = text("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('workspaces', 'id')), 0)")
    if database.dialect == "sqlite":
        last = text("SELECT coalesce(max(id), 0) FROM workspaces")
    async with declared(database, Declared()) as connection:
        return (await connection.execute(last)).scalar_one()


async def team_of(database: Database, workspace_id: int) -> int | None:
    """The team that owns a workspace; None if there is no such workspace."""
    async with declared(database, Declared(workspace_id)) as connection:
        return await connection.scalar(select(Workspace.team_id).where(Workspace.id == workspace_id))


async def forget_sessions(database: Database, now: datetime) -> None:
    """Delete login sessions that are over, person by person: nobody sees another's."""
    last = text("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('users', 'id')), 0)")
    if database.dialect == "sqlite":
        last = text("SELECT coalesce(max(id), 0) FROM users")
    async with declared(database, Declared()) as connection:
        people = (await connection.execute(last)).scalar_one()
    for user_id in range(1, people + 1):
        async with declared(database, Declared(user_id=user_id), write=True) as connection:
            over = LoginSession.user_id == user_id, LoginSession.expires_at <= now
            await connection.execute(delete(LoginSession).where(*over))


async def _shown(database: Database, shape: type[Found], where: ColumnElement[bool], presented: str) -> Found | None:
    """The row that what is presented opens, as far as `shape` has columns for it."""
    model, make = _MODELS[shape], cast(Any, shape)
    wanted = select(*(getattr(model, name) for name in make._fields)).where(where)
    async with declared(database, Declared(presented=presented)) as connection:
        row = (await connection.execute(wanted)).first()
    return None if row is None else make(*row)


_MODELS: dict[type[Any], type[Any]] = {
    FoundKey: ApiKey,
    FoundSession: LoginSession,
    FoundInvitation: Invitation,
    FoundShare: Share,
    FoundUser: User,
}
