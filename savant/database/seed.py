"""Who a laptop's Savant works for: one local user, team and workspace, made with the database."""

from __future__ import annotations

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from savant.database.connect import Database
from savant.database.declared import DECLARE, Declared
from savant.database.work import named_errors
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor

EMAIL = "local@localhost"
NO_PASSWORD = "!"

LOCAL = text(
    "SELECT u.id, w.id, t.id, m.role FROM users u JOIN team_members m ON m.user_id = u.id"
    " JOIN teams t ON t.id = m.team_id JOIN workspaces w ON w.team_id = t.id"
    " WHERE u.email = :email ORDER BY w.id LIMIT 1"
)
LOCAL_USER = text("SELECT id FROM users WHERE email = :email")


async def local_actor(database: Database) -> Actor:
    """The local user in the local workspace."""
    with named_errors():
        async with database.reader.connect() as connection:
            if database.dialect == "postgresql":
                await _declare_local(connection)
            row = (await connection.execute(LOCAL, {"email": EMAIL})).one_or_none()
    if row is None:
        raise SavantError(
            ErrorCode.NOT_FOUND,
            "The database has no local user.",
            hint="Sign in with `savant login`, or set SAVANT_HOME to a folder of your own.",
        )
    user_id, workspace_id, team_id, role = row
    return Actor(user_id=user_id, workspace_id=workspace_id, team_id=team_id, role=role)


async def seed(database: Database) -> None:
    """Make the local user, team and workspace, unless they are there."""
    from savant.database.lookups import declared, next_id
    from savant.models.team import Team
    from savant.models.team_member import TeamMember
    from savant.models.user import User
    from savant.models.workspace import Workspace

    async with declared(database, Declared(presented=EMAIL), write=True) as connection:
        if await _declare_local(connection) is not None:
            return
        await connection.execute(insert(User).values(email=EMAIL, encrypted_password=NO_PASSWORD, name="Local user"))
        user_id = await _declare_local(connection)
        team_id = await next_id(connection, "teams")
        if database.dialect == "postgresql":
            await connection.execute(DECLARE, Declared(user_id=user_id, team_id=team_id).parameters())
        await connection.execute(insert(Team).values(id=team_id, name="Local", slug="local", created_by_id=user_id))
        await connection.execute(insert(TeamMember).values(team_id=team_id, user_id=user_id, role="owner"))
        await connection.execute(insert(Workspace).values(team_id=team_id, name="Local", slug="local"))


async def _declare_local(connection: AsyncConnection) -> int | None:
    """Go on in the name of the local user, and say who that is; None if there is none."""
    postgres = connection.dialect.name == "postgresql"
    if postgres:
        await connection.execute(DECLARE, Declared(presented=EMAIL).parameters())
    user_id: int | None = await connection.scalar(LOCAL_USER, {"email": EMAIL})
    if postgres:
        await connection.execute(DECLARE, Declared(user_id=user_id, presented=EMAIL).parameters())
    return user_id
