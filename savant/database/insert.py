"""INSERT ... ON CONFLICT, which both databases have, each under its own name."""

from __future__ import annotations

from typing import Any


def insert(dialect: str, model: type[Any]) -> Any:
    """An insert statement that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(model)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(model)
