"""Lists in an order that is asked for, page after page: a cursor says where the last page ended."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, literal, tuple_

from savant.database.looks import AnySelect
from savant.errors import ErrorCode, SavantError


def paged(statement: AnySelect, model: type[Any], sort: str, cursor: str | None) -> AnySelect:
    """In order of the column `sort`, downwards with `-` before it, and from the cursor on; numbers break ties."""
    if cursor is None:
        return ordered(statement, model, sort, None)
    value, id = place(sort, cursor)
    last = literal(value, column(model, sort).type), literal(id, model.id.type)
    return ordered(statement, model, sort, last)


def ordered(
    statement: AnySelect, model: Any, sort: str, last: tuple[ColumnElement[Any], ColumnElement[Any]] | None
) -> AnySelect:
    """In order of the column `sort`, after the place of the `last` row if there is one."""
    by, down = column(model, sort), sort.startswith("-")
    if last is not None:
        here, ended = tuple_(by, model.id), tuple_(*last)
        statement = statement.where(here < ended if down else here > ended)
    return statement.order_by(*((by.desc(), model.id.desc()) if down else (by, model.id)))


def column(model: Any, sort: str) -> Any:
    """The column that a list is in order of."""
    return getattr(model, sort.removeprefix("-"))


def cursor(sort: str, row: Any) -> str:
    """Where a page ends that has this row last."""
    return cursor_at(sort, getattr(row, sort.removeprefix("-")), row.id)


def cursor_at(sort: str, value: Any, id: int) -> str:
    """Where a page ends whose last row has this value and number."""
    return base64.urlsafe_b64encode(msgspec.json.encode((sort, value, id))).decode().rstrip("=")


def place(sort: str, cursor: str) -> tuple[str | int | datetime, int]:
    """The value and the number of the last row before; VALIDATION_ERROR if the cursor does not say."""
    shape = tuple[str, datetime if sort.endswith("_at") else int if sort.endswith("id") else str, int]
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        of, value, id = msgspec.json.decode(said, type=shape)
    except (ValueError, msgspec.DecodeError):
        of, value, id = "", "", 0
    if of != sort or not _storable(value) or not _storable(id):
        raise SavantError(ErrorCode.VALIDATION, f"`{cursor[:50]}` is not a cursor of this list in this order.")
    return value, id


def _storable(value: str | int | datetime) -> bool:
    match value:
        case str():
            return "\0" not in value
        case int():
            return abs(value) < 2**63
        case _:
            return value.tzinfo is not None
