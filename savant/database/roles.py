"""The role that a server works as on Postgres: it may read and write rows, owns nothing, and passes by no policy."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.engine import URL

from savant.database.connect import Database
from savant.database.work import named_errors

APP_ROLE = "savant_app"
_ROLE = "SELECT 1 FROM pg_roles WHERE rolname = :role"
_FAULTS = """
SELECT r.rolsuper, r.rolbypassrls, r.rolcreaterole,
  (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'MEMBER')),
  (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = current_schema() AND c.relrowsecurity AND NOT c.relforcerowsecurity)
FROM pg_roles r WHERE r.rolname = current_user
"""


async def make_app_role(owner: Database, role: str = APP_ROLE, password: str | None = None) -> URL:
    """Make the role, if it is not there, and give it what it needs; returns the address of the database as that role.

    `owner` is the database as the owner of its tables reaches it, after migrating it.
    """
    with named_errors():
        async with owner.engine.begin() as connection:
            quote = connection.dialect.identifier_preparer.quote
            name = quote(role)
            if await connection.scalar(text(_ROLE), {"role": role}) is None:
                await connection.execute(text(f"CREATE ROLE {name} LOGIN"))
            if password is not None:
                literal = await connection.scalar(text("SELECT quote_literal(:password)"), {"password": password})
                await connection.exec_driver_sql(f"ALTER ROLE {name} PASSWORD {literal}".replace("%", "%%"))
            for statement in _grants(name):
                await connection.execute(text(statement))
    return owner.url.set(username=role, password=password)


def _grants(role: str) -> Sequence[str]:
    """What it may do, with tables of migrations to come as well; what was audited is neither changed nor deleted."""
    rows = "SELECT, INSERT, UPDATE, DELETE"
    later = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT"
    return (
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT {rows} ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"{later} {rows} ON TABLES TO {role}",
        f"{later} USAGE, SELECT ON SEQUENCES TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
        f"REVOKE UPDATE, DELETE ON audit_logs FROM {role}",
    )


async def faults(database: Database) -> list[str]:
    """Why row-level security would not hold for the role that a server works as; empty is as it should be."""
    if database.dialect != "postgresql":
        return []
    with named_errors():
        async with database.reader.connect() as connection:
            super, bypass, creates, owned, unforced = (await connection.execute(text(_FAULTS))).one()
    found = {
        "it is a superuser": super,
        "it has BYPASSRLS": bypass,
        "it may make roles": creates,
        "it owns the tables": owned,
        "row-level security is not forced on every table": unforced,
    }
    return [fault for fault, holds in found.items() if holds]
