"""A file in pieces that make sense on their own: by definition, by heading, or by lines that overlap."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from savant.runtime.indexing.definition import Definition
from savant.runtime.indexing.definitions import definitions
from savant.runtime.indexing.grammars import GRAMMARS
from savant.runtime.indexing.headings import headings
from savant.schemas.indexing import Chunk

MAX_LINES = 100
MAX_CHARS = 8_000
WINDOW = 50
OVERLAP = 8
MAX_SYMBOL = 500
MAX_DEPTH = 50


class _Span(NamedTuple):
    symbol: str
    kind: str
    first: int
    last: int
    container: bool


def chunks(language: str | None, text: str) -> tuple[list[Chunk], bool]:
    """The chunks of a file by line, and whether they follow its structure; every line with text is in one."""
    lines = text.split("\n")
    spans: list[_Span] | None = None
    if language in ("markdown", "rst"):
        spans = [_Span(*heading, container=False) for heading in headings(language, lines)]
    elif language in GRAMMARS:
        found = definitions(language, text, lines)
        spans = None if found is None else _spans(found, len(lines))
    structured = spans is not None
    return list(_cover(lines, spans or [], "", "lines", 1, len(lines))), structured


def outline(language: str | None, text: str) -> list[tuple[str, str, int, int]]:
    """(path of names, kind, first line, last line) of each definition or section, outer before inner."""
    lines = text.split("\n")
    if language in ("markdown", "rst"):
        return headings(language, lines)
    found = definitions(language, text, lines) if language in GRAMMARS else None
    return [(span.symbol, span.kind, span.first, span.last) for span in _spans(found or [], len(lines))]


def _spans(found: list[Definition], end: int) -> list[_Span]:
    """Definitions with the whole path of their names.

    One that begins on the line where another ended is dropped, and so is one inside more than `MAX_DEPTH` others.
    """
    spans: list[_Span] = []
    open_: list[tuple[int, str, str]] = []
    for definition in found:
        last = min(definition.last_line, end)
        while open_ and open_[-1][0] < definition.first_line:
            open_.pop()
        if len(open_) > MAX_DEPTH or (open_ and open_[-1][0] < last):
            continue
        outer = f"{open_[-1][1]}." if open_ else ""
        inside_class = open_ and open_[-1][2] in ("class", "interface", "trait", "impl")
        kind = "method" if inside_class and definition.kind == "function" else definition.kind
        symbol = f"{outer}{definition.name}"[:MAX_SYMBOL]
        spans.append(_Span(symbol, kind, definition.first_line, last, definition.container))
        open_.append((last, symbol, kind))
    return spans


def _cover(lines: list[str], spans: list[_Span], symbol: str, kind: str, first: int, last: int) -> Iterator[Chunk]:
    """Chunks of lines `first` to `last`, the spans in them each on its own, in order of lines."""
    at, index = first, 0
    while index < len(spans):
        span = spans[index]
        end = index + 1
        while end < len(spans) and spans[end].first <= span.last:
            end += 1
        inner = spans[index + 1 : end]
        start = max(span.first, at)
        yield from _pieces(lines, symbol, kind, at, start - 1)
        if inner and (span.container or not _fits(lines, start, span.last)):
            yield from _cover(lines, inner, span.symbol, span.kind, start, span.last)
        else:
            yield from _pieces(lines, span.symbol, span.kind, start, span.last)
        at, index = max(at, span.last + 1), end
    yield from _pieces(lines, symbol, kind, at, last)


def _fits(lines: list[str], first: int, last: int) -> bool:
    return last - first < MAX_LINES and sum(map(len, lines[first - 1 : last])) <= MAX_CHARS


def _pieces(lines: list[str], symbol: str, kind: str, first: int, last: int) -> Iterator[Chunk]:
    """The lines as one chunk if they fit, else as windows that overlap; blank lines at the ends are in none."""
    while first <= last and not lines[first - 1].strip():
        first += 1
    while first <= last and not lines[last - 1].strip():
        last -= 1
    if first > last or (kind != "lines" and _only_closes(lines, first, last)):
        return
    if _fits(lines, first, last):
        yield Chunk(first, last, symbol, kind)
        return
    while first <= last:
        end = _window(lines, first, last)
        yield Chunk(first, end, symbol, kind)
        if end == last:
            return
        first = max(end - OVERLAP + 1, first + 1) if end - first >= 2 * OVERLAP else end + 1


def _window(lines: list[str], first: int, last: int) -> int:
    sizes = accumulate(map(len, lines[first - 1 : min(last, first + WINDOW - 1)]))
    return first - 1 + max(bisect_right([*sizes], MAX_CHARS), 1)


_CLOSES = re.compile(r"[\s})\];,]*(?:end|fi|done|esac)?[\s;]*")


def _only_closes(lines: list[str], first: int, last: int) -> bool:
    return last - first < 3 and _CLOSES.fullmatch("\n".join(lines[first - 1 : last])) is not None
