"""What every table shares: names of constraints, ids, times, and whose workspace a row belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, get_args

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    exists,
    or_,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

from savant import clock
from savant.models.types import BigId, EmptyTexts, Moment, Texts

NOW = text("CURRENT_TIMESTAMP")


class Base(DeclarativeBase):
    """The tables of Savant; constraints and indexes have the same names on every database."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "idx_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment(), int: Integer(), str: Text()}


class Identified:
    """A row with a number of its own."""

    id: Mapped[int] = mapped_column(BigId, Identity(), primary_key=True, sort_order=-10)


class Created:
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now, server_default=NOW, sort_order=90)


class Updated(Created):
    updated_at: Mapped[datetime] = mapped_column(
        Moment, default=clock.now, onupdate=clock.now, server_default=NOW, sort_order=91
    )


class Scoped:
    """A row that is seen only from its own workspace; `in_workspace` is what the session adds to statements."""

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        raise NotImplementedError


class Tenant(Scoped):
    """A row of one workspace, which goes when the workspace goes."""

    workspace_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("workspaces.id", ondelete="CASCADE"), index=True, sort_order=-9
    )

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return cls.workspace_id == workspace_id


class TenantOrSystem(Scoped):
    """A row of one workspace, or of the system (no workspace), which every workspace may read."""

    workspace_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("workspaces.id", ondelete="CASCADE"), index=True, sort_order=-9
    )

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return or_(cls.workspace_id == workspace_id, cls.workspace_id.is_(None))


class OfPeople:
    """A row about people, seen by its team or its person; `seen_by` is what the session adds to statements."""

    @classmethod
    def seen_by(cls, team_id: int, user_id: int) -> ColumnElement[bool]:
        raise NotImplementedError


def owner_in(parent: type[Base], key: Any, workspace_id: int) -> ColumnElement[bool]:
    """Whether the row of `parent` that `key` refers to is of the workspace; one look-up by primary key a row."""
    owner = parent.metadata.tables[parent.__tablename__].alias("owner")
    found = exists().where(owner.c.id == key, owner.c.workspace_id == workspace_id)
    return found.correlate_except(owner)


class Authored:
    created_by_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("users.id", ondelete="SET NULL"), index=True, sort_order=80
    )


def one_of(column: str, literal: Any) -> CheckConstraint:
    """The constraint that `column` holds one of the values of a Literal."""
    values = ", ".join(f"'{value}'" for value in get_args(literal))
    return CheckConstraint(f"{column} IN ({values})", name=column)


def word(default: str | None = None, *, length: int = 50, index: bool = False) -> MappedColumn[Any]:
    """A short enum-like text column; pair it with `one_of`."""
    server_default = None if default is None else text(f"'{default}'")
    return mapped_column(String(length), default=default, server_default=server_default, index=index)


def texts(length: int = 255) -> MappedColumn[Any]:
    """A list of short texts, empty by default."""
    return mapped_column(Texts(length), default=list, server_default=EmptyTexts())


def number(default: int = 0, *, big: bool = False) -> MappedColumn[Any]:
    """A whole number that is never absent."""
    return mapped_column(BigId if big else Integer, default=default, server_default=text(str(default)))


def reference(column: str, ondelete: str | None = None, *, index: bool = True) -> MappedColumn[Any]:
    """A foreign key to `table.id`; whether it may be absent is in the annotation."""
    return mapped_column(BigId, ForeignKey(column, ondelete=ondelete), index=index)


def gin(name: str, column: str) -> Index:
    """An index for what is in a list: GIN on Postgres, a plain one on SQLite."""
    return Index(name, column, info={"postgresql_using": "gin"})


def latest(name: str, column: str) -> Index:
    """An index for newest first: DESC on Postgres; SQLite reads a plain one backwards, and cannot reflect another."""
    return Index(name, column, info={"newest_first": column})


def partial_unique(name: str, *columns: str, where: str) -> Index:
    """Unique among the rows that `where` holds for."""
    return Index(name, *columns, unique=True, info={"postgresql_where": where, "sqlite_where": where})


def system_slug(table: str) -> Index:
    """One system row per slug; a unique constraint does not see rows whose workspace is NULL."""
    return partial_unique(f"idx_{table}_system_slug", "slug", where="workspace_id IS NULL")


_WITHOUT_MODEL = ("chunk_words", "chunk_vectors", "commit_words", "rate_limits", "procrastinate_")


def has_model(name: str | None, kind: str, parents: object) -> bool:
    """Whether a table is ours to compare: words that are searched, counts of a minute and the queue have no model."""
    return kind != "table" or not (name or "").startswith(_WITHOUT_MODEL)


def spelled_out(metadata: MetaData, dialect: str) -> MetaData:
    """A copy of the tables for making or comparing a database, with their indexes' options for the dialect.

    The options wait in `info` until then, because naming one of Postgres imports its dialect, which is a tenth of
    the start-up time of a command on SQLite; and SQLite numbers rows by itself.
    """
    copy = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.tables.values():
        copied = table.to_metadata(copy)
        infos = {index.name: index.info for index in table.indexes}
        for index in list(copied.indexes):
            _spell_out(index, copied, infos[index.name], dialect)
        if dialect == "sqlite" and "id" in copied.c:
            copied.c.id.server_default = copied.c.id.identity = None
    return copy


def _spell_out(index: Index, table: Table, info: dict[str, Any], dialect: str) -> None:
    column = info.get("newest_first")
    if column is not None and dialect == "postgresql":
        table.indexes.discard(index)
        Index(index.name, table.c[column].desc())
    for option in info.keys() - {"newest_first"}:
        value = info[option]
        index.dialect_kwargs[option] = text(value) if option.endswith("_where") else value
