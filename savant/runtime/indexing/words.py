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


class _Known(dict[str, Words]):
    """Words that were taken apart before; most of a repository's words are few."""

    def __missing__(self, word: str) -> Words:
        if len(self) > 200_000:
            self.clear()
        found = self[word] = _taken_apart(word)
        return found


_known = _Known()


def words(text: str) -> Words:
    """The words of a text, in its order."""
    found = [_known[word] for word in _WORD.findall(text)]
    return Words(
        " ".join([one.stems for one in found if one.stems]), " ".join([one.names for one in found if one.names])
    )


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
