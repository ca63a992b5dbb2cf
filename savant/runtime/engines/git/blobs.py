"""The texts of both sides of a change, read in two processes however many files there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from savant.errors import SavantError
from savant.runtime.engines.beneath import Beneath
from savant.runtime.engines.git.command import Repository
from savant.runtime.engines.git.diffs import Change

MAX_BLOB = 1_000_000


async def texts(repository: Repository, ids: Iterable[str]) -> dict[str, str]:
    """The blobs of at most 1 MB that are text, by id."""
    wanted = sorted({id for id in ids if id.strip("0")})
    if not wanted:
        return {}
    checked = await repository.bytes("cat-file", "--batch-check", stdin=_listed(wanted))
    small = [id for id, type_, size in _headers(checked) if type_ == "blob" and int(size) <= MAX_BLOB]
    return _split(await repository.bytes("cat-file", "--batch", stdin=_listed(small))) if small else {}


async def worktree_texts(repository: Repository, changes: Iterable[Change]) -> dict[str, str]:
    """The same for files of the working tree, by path; what is no readable file is left out."""
    files = Beneath(await repository.root())
    found: dict[str, str] = {}
    for change in changes:
        with suppress(SavantError):
            data = await asyncio.to_thread(files.read, change.path, MAX_BLOB)
            found[change.path] = data.decode("utf-8", "replace")
    return found


def _listed(ids: list[str]) -> bytes:
    return "".join(f"{id}\n" for id in ids).encode()


def _headers(out: bytes) -> list[tuple[str, str, str]]:
    rows = [line.split(" ") for line in out.decode().splitlines()]
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3]


def _split(out: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(out):
        line_end = out.find(b"\n", at)
        if line_end < 0:  # cut: the rest is left out
            break
        id, _, size = out[at:line_end].decode().split(" ")
        start, end = line_end + 1, line_end + 1 + int(size)
        if b"\0" not in out[start : min(end, start + 8192)] and end <= len(out):
            found[id] = out[start:end].decode("utf-8", "replace")
        at = end + 1
    return found
