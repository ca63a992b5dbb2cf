"""Column types that are what Postgres does best on Postgres, and plain on SQLite.

The Postgres types are loaded only under a Postgres engine: importing its dialect costs every command on SQLite.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ARRAY, JSON, BigInteger, Boolean, ColumnElement, DateTime, Integer, String, Text, literal
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

BigId = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A point in time, timezone-aware, always UTC; SQLite keeps it as sortable text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use savant.clock.now().")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class _JsonText(TypeDecorator[Any]):
    """JSON kept as text on SQLite, whose own JSON columns turn the text `1.0` into the number 1."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return msgspec.json.decode(value)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(self._on_postgres())

    def _on_postgres(self) -> TypeEngine[Any]:
        raise NotImplementedError


class Json(_JsonText):
    """JSON for querying: JSONB on Postgres, which reorders keys and rewrites numbers."""

    cache_ok = True

    def _on_postgres(self) -> TypeEngine[Any]:
        from sqlalchemy.dialects.postgresql import JSONB

        return JSONB(none_as_null=True)


class VerbatimJson(_JsonText):
    """JSON for evidence: comes back with its keys in order, its numbers as written, and NULs in its strings."""

    cache_ok = True

    def _on_postgres(self) -> TypeEngine[Any]:
        return JSON(none_as_null=True)


class Texts(_JsonText):
    """A list of short texts: VARCHAR(length)[] on Postgres, a JSON array on SQLite."""

    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def _on_postgres(self) -> TypeEngine[Any]:
        return ARRAY(String(self.length))


class IpAddress(TypeDecorator[str]):
    """An IP address as text: INET on Postgres."""

    impl = String(45)
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(45))
        from sqlalchemy.dialects.postgresql import INET

        return dialect.type_descriptor(INET())


class EmptyTexts(FunctionElement[Any]):
    """The server default of an empty `Texts`, spelled by each database in its own way."""

    inherit_cache = True


@compiles(EmptyTexts)
def _as_array(element: EmptyTexts, compiler: Any, **options: Any) -> str:
    return "'{}'"


@compiles(EmptyTexts, "sqlite")
def _as_json(element: EmptyTexts, compiler: Any, **options: Any) -> str:
    return "'[]'"


class Holds(FunctionElement[bool]):
    """Whether a `Texts` column holds a word: `Holds(Agent.tags, "ci")`; an index serves it on Postgres."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: Any, word: str | ColumnElement[str]) -> None:
        super().__init__(column, literal(word, String()) if isinstance(word, str) else word)


@compiles(Holds)
def _contains(element: Holds, compiler: Any, **options: Any) -> str:
    column, word = element.clauses
    return f"{compiler.process(column, **options)} @> ARRAY[CAST({compiler.process(word, **options)} AS VARCHAR)]"


@compiles(Holds, "sqlite")
def _each(element: Holds, compiler: Any, **options: Any) -> str:
    column, word = (compiler.process(clause, **options) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {word})"
