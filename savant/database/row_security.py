"""Row-level security on Postgres: which rows a role that owns nothing reaches, by what its transaction declares.

For migrations: a new table is secured by one call here, beside its creation. On SQLite, which has one user, all of it
does nothing. Nothing declared means nothing seen.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text


def declared(name: str) -> str:
    """A number that the transaction declares, NULL if it does not."""
    return f"nullif(current_setting('app.{name}', true), '')::bigint"


PRESENTED = "nullif(current_setting('app.presented', true), '')"
WORKSPACE, TEAM, USER = declared("workspace_id"), declared("team_id"), declared("user_id")
OF_WORKSPACE = f"workspace_id = {WORKSPACE}"
MY_TEAMS = f"(SELECT m.team_id FROM team_members m WHERE m.user_id = {USER})"
_FORCED = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND n.nspname = current_schema()
"""


def of_workspace(connection: Any, *tables: str) -> None:
    """Tables whose rows have a `workspace_id` and are seen and written from there alone."""
    for table in tables:
        secure(connection, table, OF_WORKSPACE)


def of_parent(connection: Any, table: str, key: str, parent: str) -> None:
    """A table whose rows are seen where the row is that `key` names, by one look-up each."""
    secure(connection, table, f"EXISTS (SELECT 1 FROM {parent} p WHERE p.id = {table}.{key})")


def of_repository(connection: Any, *tables: str) -> None:
    """Tables with many rows of few repositories: the repositories that are seen are looked up once."""
    for table in tables:
        secure(connection, table, "repository_id IN (SELECT r.id FROM repositories r)")


def secure(connection: Any, table: str, write: str, *, also_see: str | None = None, insert: str | None = None) -> None:
    """Rows for which `write` holds are seen and written, those for which `also_see` holds are seen as well.

    `insert` takes the place of `write` for new rows.
    """
    if connection.dialect.name != "postgresql":
        return
    see = write if also_see is None else f"({write}) OR ({also_see})"
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY seen ON {table} FOR SELECT USING ({see})",
        f"CREATE POLICY added ON {table} FOR INSERT WITH CHECK ({insert or write})",
        f"CREATE POLICY changed ON {table} FOR UPDATE USING ({write}) WITH CHECK ({write})",
        f"CREATE POLICY removed ON {table} FOR DELETE USING ({write})",
    ):
        connection.execute(text(statement))


def expose(connection: Any, table: str) -> None:
    """Undo `secure`."""
    if connection.dialect.name != "postgresql":
        return
    for policy in ("seen", "added", "changed", "removed"):
        connection.execute(text(f"DROP POLICY {policy} ON {table}"))
    connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))


def force(connection: Connection, *, on: bool) -> None:
    """Hold the owner to the policies too; off while a migration works, which must reach every row."""
    if connection.dialect.name == "postgresql":
        for table in connection.scalars(text(_FORCED)).all():
            connection.execute(text(f"ALTER TABLE {table} {'' if on else 'NO '}FORCE ROW LEVEL SECURITY"))
