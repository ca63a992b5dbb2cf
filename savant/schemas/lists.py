"""What every list takes."""

from __future__ import annotations

from savant.schemas.base import Input


class ListQuery(Input):
    """`q` matches name and slug; `limit` is at most 1,000; `cursor` is the page before's `next_cursor`."""

    q: str | None = None
    tag: str | None = None
    status: str | None = None
    limit: int = 100
    cursor: str | None = None
