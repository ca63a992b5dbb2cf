"""A SQLite database as a file: is it sound, and copies of it there and back."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path

from savant import clock
from savant.database.sqlite import connect, make_private
from savant.errors import ErrorCode, SavantError
from savant.schemas.storage import DatabaseReport


def check(path: Path) -> DatabaseReport:
    """What SQLite itself finds wrong with the file, and with references between its rows."""
    with _opened(path) as connection:
        problems = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        if not problems:
            problems = [f"{row[0]} {row[1]} refers to a {row[2]} that is not there" for row in _dangling(connection)]
        return DatabaseReport(
            database=str(path),
            revision=_revision(connection),
            bytes=path.stat().st_size,
            runs=0 if _revision(connection) is None else _count(connection),
            problems=problems,
        )


def backup(path: Path, target: Path) -> DatabaseReport:
    """A copy as of now, whole also while runs go on; CONFLICT if there is something in its place."""
    if target.exists():
        raise SavantError(ErrorCode.CONFLICT, f"{target} is already there.", hint="Choose another name, or delete it.")
    part = target.with_name(f".{target.name}.part")
    try:
        make_private(part)
        with _opened(path) as source, contextlib.closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return check(target)


def restore(path: Path, source: Path) -> Path:
    """Put a backup in the database's place; what was there is kept, in the file that is returned."""
    found = check(source)
    if found.problems or found.revision is None:
        what = found.problems[0] if found.problems else "it is not a database of Savant"
        raise SavantError(ErrorCode.USAGE, f"{source} cannot be restored: {what}.")
    kept = path.with_name(f"{path.name}.before-{clock.now():%Y%m%d-%H%M%S}")
    if path.exists():
        backup(path, kept)
    make_private(path)
    with _opened(source) as content, contextlib.closing(connect(path)) as target:
        content.backup(target)
    return kept


def running(path: Path) -> list[tuple[int, str | None, str | None]]:
    """Runs that say they are under way: number, who holds them, and until when."""
    if not path.exists():
        return []
    with _opened(path) as connection:
        if _revision(connection) is None:
            return []
        return connection.execute(
            "SELECT id, lease_holder, lease_expires_at FROM runs WHERE status = 'running'"
        ).fetchall()


@contextlib.contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    """The file, to be read; NOT_FOUND or USAGE for what is no database."""
    if not path.is_file():
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no database {path}.")
    try:
        with contextlib.closing(connect(path)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise SavantError(ErrorCode.USAGE, f"{path} cannot be read as a database: {error}.") from error


def _dangling(connection: sqlite3.Connection) -> list[tuple[str, int, str]]:
    return connection.execute("PRAGMA foreign_key_check").fetchall()


def _revision(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return row[0] if row else None


def _count(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT count(*) FROM runs").fetchone()[0]
