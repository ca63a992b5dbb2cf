"""The words by which code is found: identifiers in their parts, each part by its stem, and whole names beside them."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from savant.schemas.indexing import Fields

VERSION = 1
MAX_WORD = 64
_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_SUFFIXES = (
    ("ations", "at"), ("ation", "at"), ("izers", "iz"), ("izer", "iz"), ("ingly", ""), ("edly", ""), ("ments", "ment"),
    ("nesses", ""), ("ness", ""), ("ings", ""), ("ing", ""), ("ers", ""), ("ies", "y"), ("ied", "y"), ("ed", ""),
    ("er", ""), ("es", ""), ("ly", ""), ("s", ""), ("e", ""),
)  # fmt: skip


class Words(NamedTuple):
    """What is searched of a text: stems of all its parts, and names of several parts whole; blanks between them."""

    stems: str
    names: str


class _Known(dict[str, str]):
    """The stems of words that were taken apart before, most of a repository's words being few; `names` of some."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str] = {}

    def __missing__(self, word: str) -> str:
        found = _taken_apart(word)
        self[word] = found.stems
        if found.names:
            self.names[word] = found.names
        return found.stems

    def forget_some(self) -> None:
        if len(self) > _MANY_WORDS:
            self.clear()
            self.names.clear()


_MANY_WORDS = 200_000
_known = _Known()


def words(text: str) -> Words:
    """The words of a text, in its order."""
    _known.forget_some()
    found = _WORD.findall(text)
    stems = " ".join(filter(None, map(_known.__getitem__, found)))
    names = _known.names
    return Words(stems, " ".join(map(names.__getitem__, filter(names.__contains__, found))))


def told(word: str) -> list[str]:
    """All that one word is found by."""
    return f"{_known[word]} {_known.names.get(word, '')}".split()


def stems(text: str) -> str:
    """The stems of a text's words alone."""
    return words(text).stems


def stem(part: str) -> str:
    """A lower-case word without its ending, so that parse, parses, parsed, parser and parsing are one."""
    if len(part) < 4 or not part.isascii():
        return part
    for suffix, replacement in _SUFFIXES:
        if part.endswith(suffix) and len(part) - len(suffix) >= 3 and not part.endswith("ss"):
            part = part[: -len(suffix)] + replacement
            break
    if len(part) > 3 and part[-1] == part[-2] and part[-1] not in "lsz":
        part = part[:-1]
    return part[:-1] + "i" if part.endswith("y") and len(part) > 3 else part


def parts(word: str) -> list[str]:
    """`parseHTTPHeader2` -> parse, http, header, 2; in lower case."""
    return [part.lower() for part in _PART.findall(word)]


def _taken_apart(word: str) -> Words:
    plain = word if word.isascii() else _without_accents(word)
    if len(plain) > MAX_WORD or not (found := parts(plain)):
        return Words("", "")
    stems = _joined(stem(part) for part in found if len(part) > 1 or part.isalpha())
    return Words(stems, plain.strip("_").lower() if len(found) > 1 else "")


def _joined(stems: Iterable[str]) -> str:
    return " ".join(stem for stem in stems if len(stem) > 1)


def _without_accents(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


def fields(path: str, symbol: str, text: str) -> Fields:
    """The searched fields of a chunk; the same arguments give the same fields, or what is stored cannot be removed."""
    inner = words(text)
    return Fields(_both(symbol), _both(path), inner.stems, inner.names)


@functools.lru_cache(maxsize=4096)
def _both(text: str) -> str:
    return " ".join(filter(None, words(text)))
