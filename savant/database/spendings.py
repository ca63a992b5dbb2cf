"""How money that was spent is counted: one row a day for the workspace, and for each agent and workflow in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from savant.schemas.spendings import Charge, Payers

Scope = tuple[str, str]
"""Whose money it is, as budgets name it: the scope and the slug."""
WORKSPACE: Scope = ("workspace", "")


def scopes(payers: Payers) -> list[Scope]:
    """All that spend what these spend, always in the same order, so that no two writers wait for each other."""
    return sorted({WORKSPACE, *payers})


def totals(charges: Iterable[Charge]) -> list[tuple[Scope, float]]:
    """What each spent in all of them together, in that order too."""
    found: dict[Scope, float] = {}
    for charge in charges:
        for scope in scopes(charge.payers):
            found[scope] = found.get(scope, 0.0) + charge.usd
    return sorted(found.items())


def day(moment: datetime) -> str:
    """The date, by UTC, that it counts for."""
    return moment.date().isoformat()


def upsert(made: Any) -> Any:
    """An insert into the spendings that adds to what is there."""
    changes = {"usd": made.table.c.usd + made.excluded.usd, "updated_at": made.excluded.updated_at}
    return made.on_conflict_do_update(index_elements=["workspace_id", "day", "scope", "slug"], set_=changes)
