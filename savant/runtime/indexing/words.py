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


class _Known(dict[bytes, bytes]):
    """The stems of words that were taken apart before, most of a repository's words being few; `names` of some.

    A word here is what stands between two ASCII characters that are in no word; beyond ASCII it may be several.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[bytes, bytes] = {}
        self.room = _ROOM

    def __missing__(self, word: bytes) -> bytes:
        self.room -= len(word) + _OVERHEAD
        text = word.decode("utf-8", "replace")
        found = _taken_apart(text) if word.isascii() else _several(text)
        if found.names:
            self.names[word] = found.names.encode()
        self[word] = known = found.stems.encode()
        return known


_ROOM, _OVERHEAD = 20_000_000, 100
_SEPARATED = bytes(code if code > 127 or chr(code).isalnum() or code == ord("_") else ord(" ") for code in range(256))
_known = _Known()


def words(text: str) -> Words:
    """The words of a text, in its order."""
    known = _held()
    # Bytes are taken apart in half the time that an expression takes for the same words.
    found = text.encode("utf-8", "replace").translate(_SEPARATED).split()
    stems = b" ".join(filter(None, map(known.__getitem__, found)))
    names = b" ".join(map(known.names.__getitem__, filter(known.names.__contains__, found)))
    return Words(stems.decode(), names.decode())


def _held() -> _Known:
    """What is known of words; begun anew when it is too much, while others may still use the old."""
    global _known
    if _known.room < 0:
        _known = _Known()
    return _known


def told(word: str) -> list[str]:
    """All that one word is found by."""
    return " ".join(words(word)).split()


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


class _Stems(dict[str, str]):
    """What parts of words are found by; nothing for those of one letter."""

    def __missing__(self, part: str) -> str:
        if len(self) > _MANY_PARTS:
            self.clear()
        found = stem(part.lower())
        self[part] = known = found if len(found) > 1 else ""
        return known


_MANY_PARTS = 100_000
_stems = _Stems()


def _taken_apart(word: str) -> Words:
    """`parseHTTPHeader2` -> pars, http, head; and parsehttpheader2."""
    plain = word if word.isascii() else _without_accents(word)
    if len(plain) > MAX_WORD or not (found := _PART.findall(plain)):
        return Words("", "")
    return Words(_joined(map(_stems.__getitem__, found)), plain.strip("_").lower() if len(found) > 1 else "")


def _several(text: str) -> Words:
    found = [_taken_apart(word) for word in _WORD.findall(text)]
    return Words(_joined(one.stems for one in found), _joined(one.names for one in found))


def _joined(words: Iterable[str]) -> str:
    return " ".join(filter(None, words))


def _without_accents(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


def fields(path: str, symbol: str, text: str) -> Fields:
    """The searched fields of a chunk; the same arguments give the same fields, or what is stored cannot be removed."""
    inner = words(text)
    return _both(symbol), _both(path), inner.stems, inner.names


@functools.lru_cache(maxsize=4096)
def _both(text: str) -> str:
    return _joined(words(text))
