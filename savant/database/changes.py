"""What a unit of work changed, row by row and column by column, for the audit log; kept only where it is asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from savant.database.tenancy import TenantSession

CHANGES = "changes"
UNTOLD = frozenset(
    {"encrypted_password", "key_hash", "token_hash", "token", "secret", "sealed", "created_at", "updated_at"}
)
"""Columns that are secret, or say nothing."""
UNWATCHED = frozenset({"audit_logs", "blobs", "definition_versions", "steps", "traces"})
LONGEST = 500


class Changed(NamedTuple):
    """One row; `columns` holds the values before and after, by name."""

    row: Any
    what: str
    columns: dict[str, tuple[Any, Any]]

    @property
    def table(self) -> str:
        return self.row.__tablename__


class Many(NamedTuple):
    """Rows that one statement changed or deleted, which nobody has looked at."""

    table: str
    what: str
    rows: int


def watch(session: Any) -> None:
    """Take notes from now on."""
    session.info[CHANGES] = []


def seen(session: Any) -> list[Changed | Many]:
    """What was changed since."""
    return session.info.get(CHANGES, [])


@event.listens_for(TenantSession, "before_flush")
def _note(session: Session, context: Any, instances: Any) -> None:
    notes: list[Changed | Many] | None = session.info.get(CHANGES)
    if notes is None:
        return
    for what, rows in (("created", session.new), ("changed", session.dirty), ("deleted", session.deleted)):
        for row in rows:
            columns = _columns(row, what)
            if row.__tablename__ not in UNWATCHED and (columns or what == "deleted"):
                notes.append(Changed(row, what, columns))


@event.listens_for(TenantSession, "do_orm_execute")
def _note_many(state: ORMExecuteState) -> Any:
    notes: list[Changed | Many] | None = state.session.info.get(CHANGES)
    mapper = state.bind_mapper
    if notes is None or mapper is None or not (state.is_update or state.is_delete):
        return None
    table = mapper.class_.__tablename__
    if table in UNWATCHED:
        return None
    result: Any = state.invoke_statement()
    if result.rowcount > 0:
        notes.append(Many(table, "deleted" if state.is_delete else "changed", result.rowcount))
    return result


def _columns(row: Any, what: str) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    state: Any = inspect(row)
    for attribute in state.mapper.column_attrs:
        name = attribute.key
        if name in UNTOLD:
            continue
        history = state.attrs[name].history
        if what == "deleted":
            found[name] = (_told(getattr(row, name)), None)
        elif history.added and history.added != history.deleted:
            before = history.deleted[0] if history.deleted else None
            found[name] = (_told(before), _told(history.added[0]))
    return {name: values for name, values in found.items() if values != (None, None)}


def _told(value: Any) -> Any:
    """A value as the log holds it: never longer than a page of text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
