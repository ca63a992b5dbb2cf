"""The lines of a hit that show why it is one, with the words that match marked."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Sequence

from savant.runtime.indexing.words import told
from savant.schemas.indexing import Query
from savant.schemas.search import Line

MAX_LINE = 240
_WORD = re.compile(r"\w+")
_LINE_END = re.compile("\n")
Mark = tuple[int, int]


def snippet(lines: Sequence[str], first: int, last: int, query: Query, context: int) -> list[Line]:
    """`context` lines on each side of the line between `first` and `last` (from 1) that says most of the query."""
    wanted = frozenset((*query.terms, *query.names, *(stem for phrase in query.phrases for stem in phrase.split())))
    best, most = first, 0
    for number, maybe in _maybe(lines[first - 1 : last], [word.removesuffix("i") for word in wanted]):
        if maybe <= most:
            break
        if (found := len(_told(lines[first - 1 + number], wanted))) > most:
            best, most = first + number, found
    shown = range(max(best - context, first), min(best + context, last, len(lines)) + 1)
    return [line(number, lines[number - 1], marks(lines[number - 1], wanted)) for number in shown]


def _maybe(lines: Sequence[str], heads: Sequence[str]) -> list[tuple[int, int]]:
    """(line from 0, how many of the beginnings are in it), most first; whole lines are never looked at one by one."""
    text = "\n".join(lines).lower()
    starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
    counts: Counter[int] = Counter()
    for head in set(heads):
        counts.update({bisect_right(starts, found.start()) - 1 for found in re.finditer(re.escape(head), text)})
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def around(lines: Sequence[str], number: int, found: Sequence[Mark], context: int) -> list[Line]:
    """A line with what matched in it, and `context` lines on each side."""
    shown = range(max(number - context, 1), min(number + context, len(lines)) + 1)
    return [line(at, lines[at - 1], found if at == number else []) for at in shown]


def line(number: int, text: str, found: Sequence[Mark]) -> Line:
    """One line; of a very long one the part around the first mark."""
    if len(text) <= MAX_LINE:
        return Line(number=number, text=text, marks=list(found))
    start = max(min(found[0][0] - MAX_LINE // 4, len(text) - MAX_LINE), 0) if found else 0
    kept = [(max(a - start, 0), min(b - start, MAX_LINE)) for a, b in found if b > start and a < start + MAX_LINE]
    return Line(number=number, text=text[start : start + MAX_LINE], marks=kept)


def marks(text: str, wanted: Collection[str]) -> list[Mark]:
    """Where words stand that have a wanted stem or name in them."""
    return [found.span() for found in _WORD.finditer(text[:10_000]) if _wanted(found[0], wanted)]


def _told(text: str, wanted: Collection[str]) -> set[str]:
    return {stem for word in _WORD.findall(text[:10_000]) for stem in _stems(word) if stem in wanted}


def _wanted(word: str, wanted: Collection[str]) -> bool:
    return not _stems(word).isdisjoint(wanted)


@functools.lru_cache(maxsize=50_000)
def _stems(word: str) -> frozenset[str]:
    return frozenset(told(word))
