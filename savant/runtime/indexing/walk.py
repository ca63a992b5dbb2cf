"""A folder's files without git's help, with nested `.gitignore` files and `.git/info/exclude` obeyed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from savant.runtime.indexing.ignore import Rules, ignored, parse

Report = Callable[[str, str], None]
_NEVER = frozenset({b".git", b".hg", b".svn", b".jj"})
_INSTALLED = frozenset({b"node_modules", b"__pycache__", b".venv", b".tox", b".nox"})
_CACHE_MARKS = frozenset({b"CACHEDIR.TAG", b"pyvenv.cfg"})
_MAX_IGNORE_BYTES = 1_000_000


def walk(root: Path, report: Report) -> list[str]:
    """Paths of all that is not a folder and not ignored; installed packages and caches are reported and left out."""
    found: list[str] = []
    top = os.fsencode(root)
    outer = _rules(os.path.join(top, b".git", b"info", b"exclude"), b"")  # noqa: PTH118  (bytes)
    pending: list[tuple[bytes, tuple[Rules, ...]]] = [(b"", tuple(outer))]
    while pending:
        folder, lists = pending.pop()
        try:
            entries = list(os.scandir(os.path.join(top, folder)))  # noqa: PTH118  (bytes)
        except OSError as error:
            report(os.fsdecode(folder), f"unreadable: {error.strerror}")
            continue
        pending += _visit(folder, entries, lists, found, report)
    return found


def _visit(
    folder: bytes,
    entries: list[os.DirEntry[bytes]],
    lists: tuple[Rules, ...],
    found: list[str],
    report: Report,
) -> list[tuple[bytes, tuple[Rules, ...]]]:
    names = {entry.name: entry for entry in entries}
    if folder and (mark := _CACHE_MARKS & names.keys()):
        report(os.fsdecode(folder), f"folder of installed or cached files: it has {os.fsdecode(min(mark))}")
        return []
    if (own := names.get(b".gitignore")) and own.is_file(follow_symlinks=False):
        lists = (*lists, *_rules(own.path, folder))
    folders: list[tuple[bytes, tuple[Rules, ...]]] = []
    for entry in entries:
        path = folder + entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name in _NEVER or ignored(path, lists, folder=is_folder):
            continue
        if is_folder and entry.name in _INSTALLED:
            report(os.fsdecode(path), "folder of installed or cached files")
        elif is_folder:
            folders.append((path + b"/", lists))
        else:
            found.append(os.fsdecode(path))
    return folders


def _rules(path: bytes, base: bytes) -> list[Rules]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (bytes)
            return [parse(file.read(_MAX_IGNORE_BYTES), base)]
    except OSError:
        return []
