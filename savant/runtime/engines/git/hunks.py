"""Which lines a patch touches, file by file, and what git takes for the definition around them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from savant.runtime.engines.git import diffs
from savant.runtime.engines.git.command import MAX_OUTPUT, Repository

ATTRIBUTES = Path(__file__).with_name("definitions.gitattributes")
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


class Hunk(NamedTuple):
    """Lines `old` of the base gave way to lines `new` of the head; `heading` is git's guess at what they are in."""

    old: range
    new: range
    heading: str


async def hunks(repository: Repository, base: str, head: str | None, paths: Sequence[str]) -> dict[str, list[Hunk]]:
    """The hunks without context, by path as git names it (the old path of a deleted file)."""
    settings = ["-c", f"core.attributesFile={ATTRIBUTES}"]
    arguments = [*diffs.OPTIONS, "--src-prefix=a/", "--dst-prefix=b/", "--patch", "--unified=0"]
    out = await repository.bytes(
        *settings, "diff", *arguments, *diffs.sides(base, head), *diffs.pathspecs(paths), max_bytes=MAX_OUTPUT
    )
    return parse(out)


def parse(patch: bytes) -> dict[str, list[Hunk]]:
    """A patch without context as hunks by path."""
    found: dict[str, list[Hunk]] = {}
    lines, at, path = patch.split(b"\n"), 0, ""
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith((b"--- ", b"+++ ")) and not line.endswith(b"/dev/null"):
            path = _name(line[4:])
        elif hunk := _HUNK.match(line):
            old, new = _lines(hunk[1], hunk[2]), _lines(hunk[3], hunk[4])
            found.setdefault(path, []).append(Hunk(old, new, hunk[5].decode("utf-8", "replace").strip()))
            at += len(old) + len(new)  # what is in the hunk is not read: it may look like a header
    return found


def _lines(first: bytes, count: bytes | None) -> range:
    return range(int(first), int(first) + int(count or 1))


def _name(text: bytes) -> str:
    name = text.removesuffix(b"\t")
    if name.startswith(b'"'):
        name = _ESCAPE.sub(_unescaped, name[1:-1])
    return os.fsdecode(name[2:])


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _LETTERS.get(code, code)
