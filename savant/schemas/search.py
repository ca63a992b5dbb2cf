"""Search: what is asked of the index, and what it answers."""

from __future__ import annotations

from typing import Annotated

import msgspec

from savant.schemas.base import Input, Schema

Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]


class SearchQuery(Input):
    """`query` in words, `"..."` for a phrase; with `regex` a Python expression that lines must match.

    `paths` are globs, `symbol` a name or the end of a dotted one, `context` lines around a match; `tests` keeps to
    tests (true) or leaves them out (false); `memory` keeps to notes.
    """

    query: str = ""
    repositories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    symbol: str | None = None
    regex: bool = False
    limit: Limit = 10
    context: Annotated[int, msgspec.Meta(ge=0, le=50)] = 2
    tests: bool | None = None
    memory: bool = False


class Line(Schema):
    """One line of a snippet; `marks` are the [start, end) columns of what matched, from 0."""

    number: int
    text: str
    marks: list[tuple[int, int]] = []


class Place(Schema):
    """Another place in the same file."""

    first_line: int
    last_line: int
    symbol: str | None


class Hit(Schema):
    """Lines that match. `commit` is HEAD's when the file was indexed; `changed`: the file differs from then by now,
    `missing`: it is gone. `because` are subjects of past commits that speak for the file."""

    repository: str
    path: str
    first_line: int
    last_line: int
    symbol: str | None
    kind: str
    language: str | None
    commit: str | None
    changed: bool
    missing: bool
    score: float
    snippet: list[Line]
    others: list[Place] = []
    because: list[str] = []


class SearchResult(Schema):
    """Hits, best first; `truncated`: there are more. `warnings` say what is stale or missing, and what to do."""

    hits: list[Hit]
    truncated: bool = False
    warnings: list[str] = []


class SymbolHit(Schema):
    """A definition by name."""

    repository: str
    path: str
    symbol: str
    kind: str
    first_line: int
    last_line: int
