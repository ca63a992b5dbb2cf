"""The fs engine: files beneath the root, and no others."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from savant.runtime.engines.beneath import Beneath, kind, relative, shown
from savant.runtime.engines.globs import compiled
from savant.runtime.engines.texts import MAX_FILE, FileText, encoded, excerpt, replaced
from savant.runtime.tools.engine import Engine, tool

MAX_VISITED = 200_000

Path_ = Annotated[str, Meta(description="Path relative to the root, such as `src/app.py`")]
Line = Annotated[int, Meta(ge=1)]
Limit = Annotated[int, Meta(ge=1, le=10_000, description="Most entries to return")]


class Entry(msgspec.Struct, kw_only=True):
    """One thing in a folder; `type` is file, folder, symlink, fifo, socket or device; `size` of files in bytes."""

    path: str
    type: str
    size: int | None = None


class Entries(msgspec.Struct, kw_only=True):
    """Entries by path; `truncated`: there are more."""

    entries: list[Entry]
    truncated: bool


class Written(msgspec.Struct, kw_only=True):
    """What was written: `bytes` of the whole file, whether it is new, and whether it differs from before."""

    path: str
    bytes: int
    created: bool
    changed: bool


class Edited(msgspec.Struct, kw_only=True):
    """The lines (from 1) that the new text takes up, and how often it was put in."""

    path: str
    first_line: int
    last_line: int
    replacements: int


class Fs(Engine):
    """Reading and changing files beneath `root`; `.git` is left to git."""

    name = "fs"

    def __init__(self, root: Path) -> None:
        self._files = Beneath(root)
        self._changing = asyncio.Lock()

    @tool(effect="read")
    async def read(
        self,
        *,
        path: Path_,
        first_line: Line = 1,
        last_line: Annotated[Line | None, Meta(description="Last line to read; to the end without it")] = None,
        max_bytes: Annotated[int, Meta(ge=1, le=MAX_FILE, description="Most bytes of text to return")] = 256_000,
    ) -> FileText:
        """Read a text file, or some of its lines."""
        data = await asyncio.to_thread(self._files.read, path, MAX_FILE)
        return excerpt(relative(path), data, first_line, last_line, max_bytes)

    @tool(effect="read")
    async def list_(
        self,
        *,
        path: Path_ = ".",
        depth: Annotated[int, Meta(ge=1, le=50, description="How many levels of folders to enter")] = 1,
        limit: Limit = 500,
    ) -> Entries:
        """List what is in a folder. Symbolic links are shown, and not followed."""
        return await asyncio.to_thread(self._collect, path, None, depth, limit)

    @tool(effect="read")
    async def find(
        self,
        *,
        glob: Annotated[str, Meta(description="Such as `*.py` (any folder) or `src/**/test_*.py`")],
        path: Path_ = ".",
        limit: Limit = 500,
    ) -> Entries:
        """Find files by a glob over their paths relative to `path`; `*` stays within a name, `**` crosses folders."""
        return await asyncio.to_thread(self._collect, path, compiled(glob), None, limit)

    @tool(effect="idempotent")
    async def write(
        self, *, path: Path_, text: Annotated[str, Meta(description="The whole new content of the file")]
    ) -> Written:
        """Write a whole file, making it and its folders if needed; an existing file keeps its mode."""
        async with self._changing:
            return await asyncio.to_thread(self._write, path, text)

    @tool(effect="write")
    async def edit(
        self,
        *,
        path: Path_,
        old: Annotated[str, Meta(min_length=1, description="Text of the file, exactly; it must be there once")],
        new: Annotated[str, Meta(description="What to put in its place")],
        all: Annotated[bool, Meta(description="Replace every occurrence, not just the only one")] = False,
    ) -> Edited:
        """Replace one exact piece of a text file."""
        async with self._changing:
            return await asyncio.to_thread(self._edit, path, old, new, all)

    def _write(self, path: str, text: str) -> Written:
        data = encoded(text)
        before: bytes | None = None
        if os.path.lexists(self._files.root.joinpath(*self._files.resolve(path))):
            before = self._files.read(path, MAX_FILE)
        created = self._files.write(path, data) if before != data else False
        return Written(path=relative(path), bytes=len(data), created=created, changed=before != data)

    def _edit(self, path: str, old: str, new: str, all: bool) -> Edited:
        before = self._files.read(path, MAX_FILE)
        edit = replaced(path, before, old, new, all)
        self._files.write(path, edit.data, expected=before)
        last = edit.first_line + new.count("\n")
        return Edited(path=relative(path), first_line=edit.first_line, last_line=last, replacements=edit.times)

    def _collect(self, path: str, glob: re.Pattern[str] | None, depth: int | None, limit: int) -> Entries:
        top = relative(path)
        found: list[Entry] = []
        with self._files.folder(path, self._files.resolve(path)) as fd:
            for visited, (inner, status) in enumerate(_walk(fd, depth)):
                wanted = glob is None or (glob.match(inner) and kind(status.st_mode) != "folder")
                if (len(found) == limit and wanted) or visited == MAX_VISITED:
                    return Entries(entries=found, truncated=True)
                if wanted:
                    found.append(_entry(inner if top == "." else f"{top}/{inner}", status))
        return Entries(entries=found, truncated=False)


def _walk(top: int, depth: int | None) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below the folder `top` in the order of names, level by level within each folder, without .git."""
    for folder, folders, files, fd in os.fwalk(".", dir_fd=top, follow_symlinks=False):
        folders[:] = sorted(name for name in folders if name.casefold() != ".git")
        inner = folder.removeprefix(".").removeprefix("/")
        for name in sorted([*folders, *files]):
            if name.casefold() != ".git" and (status := _lstat(name, fd)):
                yield (f"{inner}/{name}" if inner else name), status
        if depth is not None and (inner.count("/") + 2 if inner else 1) >= depth:
            folders.clear()


def _lstat(name: str, fd: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:  # gone since its folder was read
        return None


def _entry(path: str, status: os.stat_result) -> Entry:
    type_ = kind(status.st_mode)
    return Entry(path=shown(path), type=type_, size=status.st_size if type_ == "file" else None)
