"""In whose name a transaction is: what row-level security on Postgres compares rows with. SQLite has no such thing."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text


class Declared(NamedTuple):
    """The person, team and workspace of a transaction; `presented` is what somebody still unknown has shown.

    That is the hash of a key, of a session's token, of a link, or an address of mail: it opens the row it is in.
    """

    workspace_id: int | None = None
    team_id: int | None = None
    user_id: int | None = None
    presented: str | None = None

    def parameters(self) -> dict[str, str]:
        return {name: "" if value is None else str(value) for name, value in self._asdict().items()}


DECLARE = text("SELECT " + ", ".join(f"set_config('app.{name}', :{name}, true)" for name in Declared._fields))
"""Holds until the transaction ends; what is not declared sees nothing."""
