"""What every list takes."""

from __future__ import annotations

from typing import Literal

from savant.schemas.base import Input

Sort = Literal["slug", "-slug", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"]
"""What a list is in order of; `-` is downwards."""


class ListQuery(Input):
    """`q` matches name and slug; `limit` is at most 1,000; `cursor` is the page before's `next_cursor`.

    A cursor is good for lists in the same order.
    """

    q: str | None = None
    tag: str | None = None
    status: str | None = None
    limit: int = 100
    cursor: str | None = None
    sort: Sort = "slug"
