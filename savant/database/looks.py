"""Reads that are asked for often: each statement is written and compiled once, and has its values by name.

The workspace is added to it as a session adds it to any other; on Postgres all reads of a page, and in whose name they
are, go to the server in one round trip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam
from sqlalchemy.engine import Dialect

from savant.database.declared import Declared
from savant.database.tenancy import scoped

WHO = Declared(*(bindparam(f"declared_{name}", type_=BigInteger()) for name in Declared._fields[:3]))  # pyright: ignore[reportArgumentType]
"""Whoever will ask, as parameters of a statement."""

AnySelect = Select[*tuple[Any, ...]]
Rows = Sequence[Sequence[Any]]


class Look:
    """A statement over models, with what differs from one asking to the next as `bindparam`s."""

    def __init__(self, statement: AnySelect) -> None:
        self.statement = statement
        self.names: tuple[str, ...] = tuple(statement.selected_columns.keys())
        self._compiled: tuple[str, dict[str, Any]] | None = None

    def compiled(self, dialect: Dialect) -> tuple[str, dict[str, Any]]:
        """Its text, held to the workspace of whoever asks, and the values that are always the same."""
        if self._compiled is None:
            compiled = scoped(self.statement, WHO).compile(dialect=dialect)
            self._compiled = str(compiled), dict(compiled.params)
        return self._compiled


def asking(who: Declared) -> Mapping[str, int]:
    """The values of `WHO`; nobody has the number 0."""
    return {
        "declared_workspace_id": who.workspace_id or 0,
        "declared_team_id": who.team_id or 0,
        "declared_user_id": who.user_id or 0,
    }
