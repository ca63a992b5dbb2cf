"""Lists in an order that is asked for, page after page: a cursor says where the last page ended."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, literal, tuple_

from savant.errors import ErrorCode, SavantError


def paged(statement: Select[Any], model: type[Any], sort: str, cursor: str | None) -> Select[Any]:
    """In order of the column `sort`, downwards with `-` before it, and from the cursor on; numbers break ties."""
    column, down = getattr(model, sort.removeprefix("-")), sort.startswith("-")
    if cursor is not None:
        value, id = _read(sort, cursor)
        place, ended = tuple_(column, model.id), tuple_(literal(value, column.type), literal(id, model.id.type))
        statement = statement.where(place < ended if down else place > ended)
    return statement.order_by(*((column.desc(), model.id.desc()) if down else (column, model.id)))


def cursor(sort: str, row: Any) -> str:
    """Where a page ends that has this row last."""
    said = msgspec.json.encode((sort, getattr(row, sort.removeprefix("-")), row.id))
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def _read(sort: str, cursor: str) -> tuple[str | int | datetime, int]:
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
