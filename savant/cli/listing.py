"""A list of things as every command shows one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from savant.cli.door import Door

T = TypeVar("T")


def show(
    door: Door,
    items: Sequence[T],
    headings: Sequence[str],
    row: Callable[[T], Sequence[str]],
    *,
    none: str,
    next_cursor: str | None = None,
) -> None:
    """The items as a table, or as JSON; `none` is said where there are none."""
    from savant.cli import tables

    rows = [row(item) for item in items]
    door.out.show(
        {"items": items, "next_cursor": next_cursor} if next_cursor else {"items": items},
        lambda: tables.table(headings, rows) if rows else "",
        lambda: tables.markdown_table(headings, rows),
    )
    if not rows:
        door.say.note(none)
    if next_cursor:
        door.say.note(f"There are more: --cursor {next_cursor}")
