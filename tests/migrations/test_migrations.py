"""The migrations make, undo and remake exactly what the models say, on both databases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from savant.database.connect import Database
from savant.database.migrate import current, downgrade, revisions, upgrade
from savant.errors import ErrorCode, SavantError
from savant.models.all import metadata
from savant.models.base import has_model, spelled_out

SPEC_INDEXES = {
    "users": ["email"],
    "teams": ["slug"],
    "team_members": ["team_id", "user_id"],
    "workspaces": ["team_id", "slug"],
    "agents": ["workspace_id", "persona_id", "status", "tags"],
    "agent_rulesets": ["agent_id", "ruleset_id"],
    "agent_tools": ["agent_id", "tool_id"],
    "workflows": ["workspace_id", "status", "tags"],
    "personas": ["workspace_id", "slug"],
    "rulesets": ["workspace_id", "slug"],
    "repositories": ["workspace_id", "index_status"],
    "tools": ["workspace_id", "engine", "published"],
    "runs": ["runnable_type", "workspace_id", "user_id", "status", "created_at"],
    "steps": ["run_id", "status"],
    "traces": ["run_id", "step_id", "event_type", "timestamp"],
    "shares": ["shareable_type", "shared_with_type", "token"],
    "audit_logs": ["workspace_id", "user_id", "action", "resource_type", "created_at"],
    "webhooks": ["workspace_id", "active"],
    "webhook_deliveries": ["webhook_id", "status", "created_at"],
}

COLUMN_TYPES = """
SELECT table_name || '.' || column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'
"""


@pytest.fixture
async def empty(empty_url: str) -> Any:
    async with Database.open(empty_url) as database:
        yield database


@pytest.fixture
async def database(owner: Database) -> Database:
    """Migrations are their owner's."""
    return owner


def _difference(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True, "include_name": has_model}
    )
    return compare_metadata(context, spelled_out(metadata, connection.dialect.name))


async def _on(database: Database, function: Any) -> Any:
    async with database.engine.connect() as connection:
        return await connection.run_sync(function)


async def _tables(database: Database) -> set[str]:
    names = await _on(database, lambda connection: inspect(connection).get_table_names())
    return {name for name in names if has_model(name, "table", None)}


async def test_up_down_and_up_again(empty: Database) -> None:
    await upgrade(empty)
    assert await _tables(empty) == {*metadata.tables, "alembic_version"}
    await downgrade(empty)
    assert await _tables(empty) == {"alembic_version"}
    await upgrade(empty)
    assert await _tables(empty) == {*metadata.tables, "alembic_version"}
    assert await current(empty) == revisions()[-1]


async def test_equal_to_the_models(database: Database) -> None:
    assert await _on(database, _difference) == []


async def test_a_difference_would_be_seen(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP INDEX idx_runs_created_at"))
        await connection.execute(text("ALTER TABLE users ADD COLUMN extra INTEGER"))
    kinds = {change[0] for change in await _on(database, _difference)}
    assert kinds == {"add_index", "remove_column"}


async def test_the_specs_indexes_are_there_and_foreign_keys_have_one(database: Database) -> None:
    first: dict[str, set[str]] = await _on(database, _leading_columns)
    wanted = {table: set(columns) for table, columns in SPEC_INDEXES.items()}
    for table in metadata.tables.values():
        wanted.setdefault(table.name, set()).update(key.parent.name for key in table.foreign_keys)
    assert {table: columns - first[table] for table, columns in wanted.items() if columns - first[table]} == {}


def _leading_columns(connection: Connection) -> dict[str, set[str]]:
    seen = inspect(connection)
    return {
        table: {
            str(columns[0])
            for columns in (
                *(index["column_names"] for index in seen.get_indexes(table)),
                *(unique["column_names"] for unique in seen.get_unique_constraints(table)),
                seen.get_pk_constraint(table)["constrained_columns"],
            )
        }
        for table in metadata.tables
    }


async def test_postgres_has_its_own_types_and_kinds_of_index(database: Database) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has plain types and indexes; that they equal the models is tested above")
    async with database.engine.connect() as connection:
        types = dict((await connection.execute(text(COLUMN_TYPES))).all())
        indexes = dict((await connection.execute(text("SELECT indexname, indexdef FROM pg_indexes"))).all())
    assert (types["agents.config"], types["agents.tags"], types["webhooks.events"]) == ("jsonb", "_varchar", "_varchar")
    assert (types["audit_logs.ip_address"], types["runs.id"], types["runs.created_at"]) == (
        "inet",
        "int8",
        "timestamptz",
    )
    assert (types["steps.output"], types["steps.input"], types["traces.payload"]) == ("json", "json", "json")
    for name in ("idx_agents_tags", "idx_workflows_tags"):
        assert "USING gin" in indexes[name]
    for name in ("idx_runs_created_at", "idx_traces_timestamp", "idx_audit_logs_created_at"):
        assert re.search(r"\(\S+ DESC\)", indexes[name])


async def test_a_newer_database_is_refused_with_what_to_do(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SavantError, match="9999") as failure:
        await upgrade(database)
    assert failure.value.code is ErrorCode.INVALID_CONFIG
    assert "pip install --upgrade" in (failure.value.hint or "")


async def test_a_migration_that_fails_leaves_nothing(empty: Database, tmp_path: Path, monkeypatch: Any) -> None:
    import shutil

    from savant.database import migrate

    broken = tmp_path / "migrations"
    shutil.copytree(migrate.folder(), broken)
    script = next((broken / "versions").glob("0001*.py"))
    script.write_text(
        script.read_text().replace('_newest_first("idx_traces_timestamp"', '_newest_first("idx_runs_status"')
    )
    monkeypatch.setattr(migrate, "folder", lambda: broken)
    with pytest.raises(Exception, match="idx_runs_status"):
        await upgrade(empty)
    assert await _tables(empty) == set()
    monkeypatch.undo()
    await upgrade(empty)
    assert "traces" in await _tables(empty)
