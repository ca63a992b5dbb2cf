"""The lines of a hit that show why it is one, with the words that match marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from savant.runtime.indexing.words import words
from savant.schemas.indexing import Query
from savant.schemas.search import Line

MAX_LINE = 240
_WORD = re.compile(r"\w+")
Mark = tuple[int, int]


def snippet(lines: Sequence[str], first: int, last: int, query: Query, context: int) -> list[Line]:
    """`context` lines on each side of the line between `first` and `last` (from 1) that says most of the query."""
    wanted = frozenset((*query.terms, *query.names, *(stem for phrase in query.phrases for stem in phrase.split())))
    best, most = first, 0
    heads = [word.removesuffix("i") for word in wanted]
    for number in range(first, min(last, len(lines)) + 1):
        low = lines[number - 1].lower()
        maybe = sum(head in low for head in heads)
        if maybe > most and (told := len(_told(lines[number - 1], wanted))) > most:
            best, most = number, told
    shown = range(max(best - context, first), min(best + context, last, len(lines)) + 1)
    return [line(number, lines[number - 1], marks(lines[number - 1], wanted)) for number in shown]


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
    found = words(text[:10_000])
    return {stem for stem in (*found.stems.split(), *found.names.split()) if stem in wanted}


def _wanted(word: str, wanted: Collection[str]) -> bool:
    found = words(word)
    return any(stem in wanted for stem in (*found.stems.split(), *found.names.split()))
