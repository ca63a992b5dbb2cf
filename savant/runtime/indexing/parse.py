"""A file read and taken apart, ready to be stored; done in worker processes, so all of it can be pickled."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from typing import Any, NamedTuple

from savant.runtime.indexing.chunker import chunks
from savant.runtime.indexing.contents import decoded
from savant.runtime.indexing.grammars import GRAMMARS
from savant.runtime.indexing.languages import language_of
from savant.runtime.indexing.words import fields
from savant.schemas.indexing import Chunk, Parsed, Piece

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Task(NamedTuple):
    """A file to look at; `path` as the file system has it, `shown` as it is stored, `known` the hash in the index."""

    path: str
    shown: str
    known: str | None
    plain: bool = False


class Same(NamedTuple):
    """A file that holds what the index holds."""

    shown: str


class Refused(NamedTuple):
    """A file that is not indexed, and why."""

    shown: str
    reason: str


Outcome = Parsed | Same | Refused


def parse_all(root: str, tasks: Sequence[Task], max_bytes: int) -> list[Outcome]:
    """What became of each file; nothing that a file holds makes this fail."""
    return [parse(root, task, max_bytes) for task in tasks]


def packed(outcome: Outcome) -> tuple[Any, ...]:
    """An outcome as nothing but tuples and text."""
    return tuple(outcome)


def unpacked(packed: tuple[Any, ...]) -> Outcome:
    """The outcome again."""
    return (Same, Refused, Parsed)[min(len(packed), 3) - 1](*packed)


def parse(root: str, task: Task, max_bytes: int) -> Outcome:
    try:
        data = read(root, task.path, max_bytes)
    except OSError as error:
        return Refused(task.shown, f"unreadable: {error.strerror}")
    if data is None:
        return Refused(task.shown, "too large: it has grown")
    hash = hashlib.sha256(data).hexdigest()
    if hash == task.known:
        return Same(task.shown)
    text = decoded(data)
    if text is None:
        return Refused(task.shown, "binary")
    language = language_of(task.shown, text[:200].partition("\n")[0])
    found, structured = chunks(None if task.plain else language, text)
    structured = structured or language not in GRAMMARS
    pieces = list(_pieces(task.shown, text, found))
    return Parsed(task.path, task.shown, hash, len(data), language, structured, text, pieces)


def _pieces(path: str, text: str, found: Sequence[Chunk]) -> list[Piece]:
    lines = text.split("\n")
    pieces: list[Piece] = []
    for chunk in found:
        body = "\n".join(lines[chunk.first_line - 1 : chunk.last_line])
        said = f"{chunk.symbol}\0{chunk.kind}\0{body}".encode("utf-8", "replace")
        digest = hashlib.blake2b(said, digest_size=16).hexdigest()
        first, last, symbol, kind = chunk
        pieces.append((first, last, symbol, kind, digest, *fields(path, symbol, body)))
    return pieces


def read(root: str, path: str, max_bytes: int) -> bytes | None:
    """The bytes of a regular file, None if there are more than `max_bytes`; a link or a device is an OSError."""
    fd = os.open(os.path.join(root, path), _FLAGS)  # noqa: PTH118  (paths that are not UTF-8)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(0, "not a regular file")
        data = part = os.read(fd, max_bytes + 1)
        while part and len(data) <= max_bytes:  # a file system may give less than is there
            part = os.read(fd, max_bytes + 1 - len(data))
            data += part
    finally:
        os.close(fd)
    return data if len(data) <= max_bytes else None


def looks_binary(root: str, path: str) -> bool:
    """Whether a file's beginning is that of no text; what is binary is left out by every run anew."""
    try:
        with os.fdopen(os.open(os.path.join(root, path), _FLAGS), "rb") as file:  # noqa: PTH118
            return b"\0" in file.read(8_192)
    except OSError:
        return True


def hash_of(root: str, path: str, max_bytes: int) -> str | None:
    try:
        data = read(root, path, max_bytes)
    except OSError:
        return None
    return None if data is None else hashlib.sha256(data).hexdigest()
