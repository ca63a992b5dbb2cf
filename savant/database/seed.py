"""Who a laptop's Savant works for: one local user, team and workspace, made with the database."""

from __future__ import annotations

from sqlalchemy import select, text

from savant.database.connect import Database
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


async def local_actor(database: Database) -> Actor:
    """The local user in the local workspace."""
    with named_errors():
        async with database.reader.connect() as connection:
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
    """Make the local user, team and workspace, unless there is any user already."""
    from sqlalchemy.ext.asyncio import AsyncSession

    import savant.models.all  # noqa: F401  # pyright: ignore[reportUnusedImport]
    from savant.models.team import Team
    from savant.models.team_member import TeamMember
    from savant.models.user import User
    from savant.models.workspace import Workspace

    async with AsyncSession(database.engine) as session:
        if await session.scalar(select(User.id).limit(1)) is not None:
            return
        user = User(email=EMAIL, encrypted_password=NO_PASSWORD, name="Local user")
        session.add(user)
        await session.flush()
        team = Team(name="Local", slug="local", created_by_id=user.id)
        session.add(team)
        await session.flush()
        session.add(TeamMember(team_id=team.id, user_id=user.id, role="owner"))
        session.add(Workspace(team_id=team.id, name="Local", slug="local"))
        await session.commit()
