"""The functions and other definitions that a range of commits touches, and who changed each last before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from savant.errors import SavantError
from savant.runtime.engines.beneath import shown
from savant.runtime.engines.git import blobs, diffs, history
from savant.runtime.engines.git.command import Repository
from savant.runtime.engines.git.diffs import Change
from savant.runtime.engines.git.hunks import ATTRIBUTES, Hunk, hunks
from savant.runtime.engines.git.outline import Definition, outline
from savant.runtime.engines.git.results import BlamedLines, Elsewhere, TouchedFunction, TouchedFunctions

MAX_FILES = 500
_BLAMES_AT_ONCE = 4


class _Touched(NamedTuple):
    """A function of the answer, with where it stood at the base: what blame is asked about."""

    function: TouchedFunction
    before: Definition | None


class _File(NamedTuple):
    """What is known of a changed file; an outline is None where the file's language is not known."""

    change: Change
    hunks: list[Hunk]
    old: list[Definition] | None
    new: list[Definition] | None


async def touched(
    repository: Repository, base: str, head: str | None, *, paths: Sequence[str], limit: int, blame: bool
) -> TouchedFunctions:
    """At most `limit` definitions that differ between `base` and `head` (the working tree without one)."""
    changes = await diffs.changes(repository, base, head, paths=paths)
    files = await _files(repository, base, head, paths, changes[:MAX_FILES])
    found: list[tuple[Change, list[_Touched]]] = []
    elsewhere: list[Elsewhere] = []
    room = limit
    for file in files:
        functions, rest = await asyncio.to_thread(_in_file, file)
        found.append((file.change, functions[: max(room, 0)]))
        elsewhere += [rest] if rest.lines_added or rest.lines_deleted else []
        room -= len(functions)
    if blame:
        await _blame_all(repository, base, found)
    return TouchedFunctions(
        base=base,
        head=head,
        functions=[one.function for _, functions in found for one in functions],
        elsewhere=elsewhere,
        truncated=room < 0 or len(changes) > MAX_FILES,
    )


async def _files(
    repository: Repository, base: str, head: str | None, paths: Sequence[str], changes: list[Change]
) -> list[_File]:
    lines = await hunks(repository, base, head, paths)
    changes = [change for change in changes if change.path in lines and not change.submodule]
    ids = [id for change in changes for id in (change.old_blob, change.new_blob)]
    by_id = await blobs.texts(repository, ids)
    by_path = {} if head else await blobs.worktree_texts(repository, changes)
    return [
        await asyncio.to_thread(
            _outlined,
            change,
            lines[change.path],
            by_id.get(change.old_blob),
            by_path.get(change.path, by_id.get(change.new_blob)),
        )
        for change in changes
    ]


def _outlined(change: Change, lines: list[Hunk], old: str | None, new: str | None) -> _File:
    # A side that does not exist has an empty outline; one that cannot be read has none.
    before = (
        [] if change.status == "added" else outline(change.old_path or change.path, old) if old is not None else None
    )
    after = [] if change.status == "deleted" else outline(change.path, new) if new is not None else None
    return _File(change, lines, before, after)


def _in_file(file: _File) -> tuple[list[_Touched], Elsewhere]:
    if file.old is None or file.new is None:
        return _by_headings(file)
    old, new = _Side(file.old), _Side(file.new)
    elsewhere = Elsewhere(path=shown(file.change.path), lines_added=0, lines_deleted=0)
    found: dict[str, _Touched] = {}
    for hunk in file.hunks:
        for line in hunk.new:
            if definition := new.innermost(line):
                _entry(found, file.change, definition, old, new).lines_added += 1
            else:
                elsewhere.lines_added += 1
        for line in hunk.old:
            if definition := old.innermost(line):
                _entry(found, file.change, definition, old, new).lines_deleted += 1
            else:
                elsewhere.lines_deleted += 1
    return sorted(found.values(), key=lambda one: one.function.first_line or 0), elsewhere


class _Side:
    """One side of a file: its definitions by name, and by the lines they cover."""

    def __init__(self, definitions: list[Definition]) -> None:
        self.by_symbol = {definition.symbol: definition for definition in reversed(definitions)}
        self._by_line: dict[int, Definition] = {}
        for definition in sorted(definitions, key=lambda one: one.first_line):
            self._by_line.update(dict.fromkeys(range(definition.first_line, definition.last_line + 1), definition))

    def innermost(self, line: int) -> Definition | None:
        """The innermost definition that a line is in."""
        return self._by_line.get(line)


def _entry(
    found: dict[str, _Touched], change: Change, definition: Definition, old: _Side, new: _Side
) -> TouchedFunction:
    symbol = definition.symbol
    if symbol not in found:
        before, after = old.by_symbol.get(symbol), new.by_symbol.get(symbol)
        stands = after or before or definition
        function = TouchedFunction(
            path=shown(change.path),
            symbol=symbol,
            kind=stands.kind,
            change="modified" if before and after else "added" if after else "deleted",
            first_line=stands.first_line,
            last_line=stands.last_line,
            lines_added=0,
            lines_deleted=0,
            exact=True,
        )
        found[symbol] = _Touched(function, before)
    return found[symbol].function


def _by_headings(file: _File) -> tuple[list[_Touched], Elsewhere]:
    found: dict[str, _Touched] = {}
    elsewhere = Elsewhere(path=shown(file.change.path), lines_added=0, lines_deleted=0)
    trusted = _has_driver(file.change.path)
    for hunk in file.hunks:
        heading = hunk.heading[:200] if trusted else ""
        counted = _guessed(found, file.change, heading) if heading else elsewhere
        counted.lines_added += len(hunk.new)
        counted.lines_deleted += len(hunk.old)
    return list(found.values()), elsewhere


def _guessed(found: dict[str, _Touched], change: Change, heading: str) -> TouchedFunction:
    if heading not in found:
        function = TouchedFunction(
            path=shown(change.path),
            symbol=heading,
            kind="section" if heading.startswith(("#", "\\")) else "definition",
            change="modified",
            first_line=None,
            last_line=None,
            lines_added=0,
            lines_deleted=0,
            exact=False,
        )
        found[heading] = _Touched(function, None)
    return found[heading].function


def _has_driver(path: str) -> bool:
    """Whether git has a pattern for such files; without one its heading is any line that starts with a letter."""
    return f"*.{path.rpartition('.')[2]} " in ATTRIBUTES.read_text()


async def _blame_all(repository: Repository, base: str, found: list[tuple[Change, list[_Touched]]]) -> None:
    gate = asyncio.Semaphore(_BLAMES_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for change, functions in found:
            asked = [(one.function, one.before) for one in functions if one.before]
            if asked:
                group.create_task(_blame(gate, repository, base, change, asked))


async def _blame(
    gate: asyncio.Semaphore,
    repository: Repository,
    base: str,
    change: Change,
    asked: list[tuple[TouchedFunction, Definition]],
) -> None:
    ranges = [(before.first_line, before.last_line) for _, before in asked]
    async with gate:
        try:
            lines = await history.blame(repository, change.old_path or change.path, base, ranges)
        except SavantError:  # a partial clone lacks the blobs: who changed it last is then not known
            return
    for function, before in asked:
        function.last_changed = history.newest(_overlapping(lines, before))


def _overlapping(lines: list[BlamedLines], definition: Definition) -> list[BlamedLines]:
    first, last = definition.first_line, definition.last_line
    return [line for line in lines if line.first_line <= last and line.last_line >= first]
