"""Blobs through a session: kept in the transaction of the work that needs them, and read within its workspace.

On Postgres they may be kept while others collect. Whoever refers to a blob that is there already makes its time anew
if that is older than `TOUCHED`, and only what is older than `GRACE` is collected: so a collection that could have
missed the reference leaves the blob. Work that refers to blobs is committed well within the difference. On SQLite
nobody writes while somebody collects.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete, func, select, update

from savant import clock
from savant.database.insert import insert
from savant.database.work import Reading, UnitOfWork
from savant.models.blob import Blob

TOUCHED = timedelta(hours=1)
GRACE = 2 * TOUCHED
T = TypeVar("T")


async def keep(work: UnitOfWork, sha256: str, content: bytes) -> None:
    """Store `content`, whose SHA-256 is given, unless it is there already."""
    now = clock.now()
    kept_at = await work.session.scalar(select(Blob.kept_at).where(Blob.sha256 == sha256))
    if kept_at is not None and (kept_at > now - TOUCHED or await touch(work, [sha256])):
        return
    size, data = compress(content)
    values = {"sha256": sha256, "size": size, "data": data, "kept_at": now}
    made = insert(work.database.dialect, Blob).values(workspace_id=work.actor.workspace_id, **values)
    await work.session.execute(made.on_conflict_do_nothing())  # somebody else may keep the same at the same time


async def touch(work: UnitOfWork, keys: Iterable[str]) -> int:
    """Keep what is there, for a reference that this work writes; how many of them are."""
    there, now = 0, clock.now()
    for batch in batches(sorted(set(keys))):
        found = (Blob.sha256.in_(batch), Blob.kept_at < now - TOUCHED)
        # One by one, in an order that all have: two who touch the same wait for each other, but never both.
        for key in (await work.session.scalars(select(Blob.sha256).where(*found).order_by(Blob.sha256))).all():
            await work.session.execute(update(Blob).where(Blob.sha256 == key).values(kept_at=now))
        there += await work.session.scalar(select(func.count()).where(Blob.sha256.in_(batch))) or 0
    return there


async def collect(work: UnitOfWork, keys: Sequence[str], *, before: datetime) -> list[str]:
    """Delete those that nobody has asked to keep since; which went. What is being kept right now stays."""
    gone = await unclaimed(work, keys, before=before, hold=True)
    for batch in batches(gone):
        await work.session.execute(delete(Blob).where(Blob.sha256.in_(batch)))
    return gone


async def unclaimed(work: Reading, keys: Sequence[str], *, before: datetime, hold: bool = False) -> list[str]:
    """Those that nobody has asked to keep since; with `hold` nobody can before this work is done."""
    found: list[str] = []
    for batch in batches(keys):
        old = select(Blob.sha256).where(Blob.sha256.in_(batch), Blob.kept_at <= before)
        found += await work.session.scalars(old.with_for_update(skip_locked=True) if hold else old)
    return found


def batches(items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Few enough at a time for one statement."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def reader(work: Reading) -> Callable[[Sequence[str]], Awaitable[dict[str, bytes]]]:
    """How `runtime.blobs.unpack` reads through this session."""

    async def read(hashes: Sequence[str]) -> dict[str, bytes]:
        found = await work.session.execute(select(Blob.sha256, Blob.size, Blob.data).where(Blob.sha256.in_(hashes)))
        return {sha256: decompress(size, data) for sha256, size, data in found}

    return read


def compress(content: bytes) -> tuple[int, bytes]:
    """The size of the content, and its stored form: compressed exactly when that is shorter."""
    compressed = zlib.compress(content, 1)
    return len(content), compressed if len(compressed) < len(content) else content


def decompress(size: int, data: bytes) -> bytes:
    """The content behind a stored form."""
    return bytes(data) if len(data) == size else zlib.decompress(data)
