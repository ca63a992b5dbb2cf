"""The third guard: nothing reaches the database but through a session that knows whose rows it may see."""

from __future__ import annotations

import re
from pathlib import Path

import savant

PACKAGE = Path(savant.__file__).parent
ROUND = re.compile(
    r"\bacross_workspaces\(|\binfo\[ACROSS\]|database\.(?:engine|reader)\b|\blookups\.declared\(|psycopg\.connect\("
    r"|AsyncConnection\.connect\(|sqlite3\.connect\(|\bAsyncSession\("
)
ALLOWED = {
    "cli/commands/doctor.py": "a database in memory, to see what SQLite can do",
    "services/child_runs.py": "a statement of bare tables, whose rows are of the run that is named",
    "services/invitations.py": "one is accepted before it is known who asks; its token opens it",
    "services/login_sessions.py": "somebody signs in or out before it is known who asks; a secret opens their row",
    "services/proving.py": "a password is tried before it is known who asks; and changes that one person alone",
}


def test_only_these_go_round_the_session_and_each_says_why() -> None:
    """The database floor itself is where sessions and bare wires are made; its own tests hold it."""
    found = {
        name
        for file in PACKAGE.rglob("*.py")
        if not (name := file.relative_to(PACKAGE).as_posix()).startswith("database/") and ROUND.search(file.read_text())
    }
    assert found == set(ALLOWED)
