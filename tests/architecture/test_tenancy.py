"""The third guard: nothing reaches the database but through a session that knows whose rows it may see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import savant

PACKAGE = Path(savant.__file__).parent
ROUND = re.compile(
    r"\bacross_workspaces\(|\.info\[|database\.(?:engine|reader)\b|\blookups\.declared\(|psycopg\.connect\("
    r"|Connection\.connect\(|sqlite3?\.connect\(|\bAsyncSession\(|session\.(?:connection|get_bind|sync_session)\b"
    r"|create_(?:async_)?engine\(|\blooks\.fetch\(|exec_driver_sql|execution_options\(|postgres import bare"
)
PLANTED = """
await work.session.execute(across_workspaces(select(Run)))
work.session.info[ACROSS] = True
work.session.info["declared"] = Declared(7)
async with work.database.engine.begin() as connection: ...
async with app.database.reader.connect() as connection: ...
rows = await app.database.looks.fetch(Declared(7), looks, {})
async with lookups.declared(app.database, Declared(workspace_id=7)) as connection: ...
connection = psycopg.connect(url)
connection = await psycopg.AsyncConnection.connect(url)
connection = sqlite3.connect(path)
connection = await aiosqlite.connect(path)
async with AsyncSession(engine) as session: ...
rows = await (await work.session.connection()).execute(text("SELECT * FROM runs"))
bind = work.session.get_bind()
rows = work.session.sync_session.connection().execute(text("SELECT * FROM runs"))
engine = create_async_engine(url)
rows = await connection.exec_driver_sql("SELECT * FROM runs")
rows = await work.session.scalars(select(Run).execution_options(across_workspaces=True))
from savant.database.postgres import bare
"""
ALLOWED = {
    "cli/commands/doctor.py": "a database in memory, to see what SQLite can do",
    "jobs/worker.py": "the queue has connections of its own, and no rows of a workspace",
    "services/child_runs.py": "a statement of bare tables, whose rows are of the run that is named",
    "services/invitations.py": "one is accepted before it is known who asks; its token opens it",
    "services/login_sessions.py": "somebody signs in or out before it is known who asks; a secret opens their row",
    "services/memberships.py": "who was found to be in a team goes on in its name",
    "services/teams.py": "a team is given its number before it is there",
    "services/proving.py": "a password is tried before it is known who asks; and changes that one person alone",
}


@pytest.mark.parametrize("line", PLANTED.strip().splitlines())
def test_a_way_round_that_is_planted_is_found(line: str) -> None:
    """With the other two guards off, it is the walk alone that would tell."""
    assert ROUND.search(line)


def test_only_these_go_round_the_session_and_each_says_why() -> None:
    """The database floor itself is where sessions and bare wires are made; its own tests hold it."""
    found = {
        name
        for file in PACKAGE.rglob("*.py")
        if not (name := file.relative_to(PACKAGE).as_posix()).startswith("database/") and ROUND.search(file.read_text())
    }
    assert found == set(ALLOWED)
