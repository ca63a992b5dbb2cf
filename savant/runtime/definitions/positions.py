"""Where each part of a definition stands in its file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from savant.errors import Position

At = tuple[str | int, ...]


class Mark(NamedTuple):
    """A value's place in the text: line and column from 0, and the characters it spans."""

    line: int
    column: int
    start: int
    end: int


class Positions:
    """Positions of one file's keys and values by their path (`("steps", 0, "with", "base")`)."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text
        self._values: dict[At, Mark] = {}
        self._keys: dict[At, tuple[int, int]] = {}

    def add(self, at: At, mark: Mark) -> None:
        self._values[at] = mark

    def add_key(self, at: At, line: int, column: int) -> None:
        self._keys[at] = (line, column)

    def value(self, at: At) -> Position:
        """Where the value at a path begins, or the nearest thing around it that is in the file."""
        mark = self._values.get(at)
        while mark is None and at:
            at = at[:-1]
            mark = self._values.get(at)
        return Position(self.file, mark.line + 1, mark.column + 1) if mark else Position(self.file, 1, 1)

    def key(self, at: At) -> Position:
        """Where the key at a path begins; a list's item has none, and its value is meant."""
        place = self._keys.get(at)
        return Position(self.file, place[0] + 1, place[1] + 1) if place else self.value(at)

    def within(self, at: At, value: str, offset: int) -> Position:
        """Where character `offset` of the text value at a path stands, exact inside its `${{ }}` where possible."""
        mark = self._values.get(at)
        if mark is None:
            return self.value(at)
        opening = value.rfind("${{", 0, offset + 3)
        raw = self._text[mark.start : mark.end]
        if opening < 0 or value.count("${{") != raw.count("${{"):
            return self.value(at)
        index = _nth(raw, "${{", value.count("${{", 0, opening)) + offset - opening
        if raw[index : index + 3] != value[offset : offset + 3]:
            index = _nth(raw, "${{", value.count("${{", 0, opening))
        return Position(self.file, *line_and_column(self._text, mark.start + index))


def _nth(text: str, part: str, count: int) -> int:
    index = text.find(part)
    for _ in range(count):
        index = text.find(part, index + 1)
    return index


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Line and column, both from 1, of the character at `index`."""
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def did_you_mean(word: str, options: Iterable[str], *, among: str | None = None) -> str | None:
    """`Did you mean \\`x\\`?` for the nearest option, else the list of them after `among`, if there are any."""
    known = sorted(options)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    if among is None or not known:
        return None
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"{among}: {shown}."


def dotted(at: At) -> str:
    """`("steps", 0, "with")` -> `steps[0].with`."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text
