"""YAML text -> plain JSON data and where each part of it stands, for errors that name file, line and column.

YAML 1.2's core schema: `on`, `yes` and `12:30` stay text. Duplicate keys, tags and merge keys are errors; aliases are
copied, within a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from savant.errors import ErrorCode, Position, SavantError
from savant.runtime.definitions.positions import At, Mark, Positions, line_and_column

MAX_BYTES = 1_000_000
MAX_NODES = 100_000
MAX_DEPTH = 64
TOO_DEEP = f"The file is nested deeper than {MAX_DEPTH} levels."

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_EXPRESSION_HINT = "Put quotes around a value that holds `${{ }}` inside [ ] or { }."


class Document(NamedTuple):
    """One file's data, and the positions of everything in it."""

    data: Any
    positions: Positions


class _Anchor(NamedTuple):
    data: Any
    nodes: int


def read(path: Path, name: str | None = None) -> Document:
    """The document in a file, called `name` in errors; raises INVALID_DEFINITION, or NOT_FOUND if it cannot be read."""
    try:
        with path.open("rb") as handle:
            content = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise SavantError(
            ErrorCode.NOT_FOUND, f"Cannot read {name or path}: {error.strerror}.", hint="Check the path."
        ) from error
    return parse(content, name or str(path))


def parse(content: str | bytes, file: str) -> Document:
    """The one document in `content`; raises SavantError(INVALID_DEFINITION) with a position."""
    text = _decode(content, file)
    if not text.strip():
        raise _invalid("The file is empty.", Position(file, 1, 1), "Write a definition, or delete the file.")
    bad = _CONTROL.search(text)
    if bad:
        place = Position(file, *line_and_column(text, bad.start()))
        raise _invalid(f"The character U+{ord(bad[0]):04X} is not allowed in YAML.", place, "Remove or escape it.")
    return _Builder(text, file).document()


def _decode(content: str | bytes, file: str) -> str:
    size = len(content)
    if size > MAX_BYTES:
        raise _invalid(
            f"The file is larger than {MAX_BYTES:,} bytes.", Position(file, 1, 1), "Definitions are small; split it."
        )
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", errors="replace")
        place = Position(file, *line_and_column(before, len(before)))
        raise _invalid("The file is not UTF-8 text.", place, "Save it as UTF-8.") from error


class _Builder:
    """Turns the parser's events into data, iteratively in the parser and to a bounded depth here."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._nodes = 0
        self._anchors: dict[str, _Anchor] = {}
        self._text = text
        self._positions = Positions(file, text)

    def document(self) -> Document:
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            self._refuse(error)

    def _document(self) -> Document:
        self._events: Iterator[Any] = yaml.parse(self._text, Loader=_LOADER)
        data: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fail("A file holds one definition.", event, "Move what follows `---` to another file.")
                data = self._node(next(self._events), ())
        if not documents:
            raise _invalid("The file holds only comments.", Position(self._file, 1, 1), "Write a definition.")
        return Document(data, self._positions)

    def _refuse(self, error: yaml.MarkedYAMLError) -> NoReturn:
        mark = error.problem_mark or error.context_mark
        place = Position(self._file, mark.line + 1, mark.column + 1) if mark else Position(self._file, 1, 1)
        if "nesting depth" in (error.problem or ""):  # the parser reads ahead of us, and has a limit of its own
            raise _invalid(TOO_DEEP, place, "Flatten it.") from error
        lines = self._text.split("\n")
        before = lines[place.line - 1][: place.column + 1] if place.line <= len(lines) else ""
        problem = f"Not valid YAML: {error.problem or error.context}."
        raise _invalid(problem, place, _EXPRESSION_HINT if "${{" in before else None) from error

    def _node(self, event: Any, at: At) -> Any:
        self._count(1, event, at)
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            self._positions.add(at, Mark(mark.line, mark.column, mark.index, event.end_mark.index))
            return self._alias(event, at)
        if event.tag is not None:
            self._fail(f"The tag {event.tag} is not supported.", event, "Remove it; text in quotes is text.")
        before = self._nodes
        self._positions.add(at, Mark(mark.line, mark.column, mark.index, event.end_mark.index))
        if isinstance(event, yaml.ScalarEvent):
            data = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            data = self._sequence(at)
        else:
            data = self._mapping(at)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(data, self._nodes - before)
        return data

    def _count(self, more: int, event: Any, at: At) -> None:
        self._nodes += more
        if self._nodes > MAX_NODES:
            self._fail(f"The file has more than {MAX_NODES:,} values, aliases counted.", event, "Split it.")
        if len(at) > MAX_DEPTH:
            self._fail(TOO_DEEP, event, "Flatten it.")

    def _alias(self, event: Any, at: At) -> Any:
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            self._fail(f"The alias *{event.anchor} names no anchor before it.", event, "Define it with `&` first.")
        self._count(anchor.nodes, event, at)
        return _copy(anchor.data)

    def _sequence(self, at: At) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*at, len(items))))
        return items

    def _mapping(self, at: At) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, members)
            self._positions.add_key((*at, key), event.start_mark.line, event.start_mark.column)
            members[key] = self._node(next(self._events), (*at, key))
        return members

    def _key(self, event: Any, members: dict[str, Any]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._fail("A key must be plain text.", event, _EXPRESSION_HINT)
        key = event.value
        if key == "<<" and not event.style:
            self._fail("Merge keys (`<<`) are not supported.", event, "Repeat the keys, or use an alias as a value.")
        if key in members:
            self._fail(f"The key `{key}` is given twice.", event, "Keep one of them.")
        return key

    def _scalar(self, event: Any) -> Any:
        if event.style:
            return event.value
        try:
            return plain_scalar(event.value)
        except ValueError as error:
            self._fail(str(error), event, "Put it in quotes if it is text.")

    def _fail(self, message: str, event: Any, hint: str | None = None) -> NoReturn:
        mark = event.start_mark
        raise _invalid(message, Position(self._file, mark.line + 1, mark.column + 1), hint)


def plain_scalar(text: str) -> Any:
    """What unquoted text means; raises ValueError for numbers that JSON cannot carry."""
    if _NULL.fullmatch(text):
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text) or _BASED.fullmatch(text):
        return _integer(text)
    if _NOT_JSON.fullmatch(text):
        raise ValueError(f"{text} is not a number that JSON can carry.")
    if not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large for a number.")
    return number


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    number = int(text[2:] if base != 10 else text, base) if len(text) < 40 else 2**64
    if not -(2**63) <= number < 2**63:
        raise ValueError("The number does not fit in 64 bits.")
    return number


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copy(member) for key, member in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data


def _invalid(message: str, position: Position, hint: str | None = None) -> SavantError:
    return SavantError(ErrorCode.INVALID_DEFINITION, message, position=position, hint=hint)
