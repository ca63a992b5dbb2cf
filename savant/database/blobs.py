"""Blobs through a session: kept in the transaction of the work that needs them, and read within its workspace."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import select

from savant import clock
from savant.database.insert import insert
from savant.database.work import Reading, UnitOfWork
from savant.models.blob import Blob


async def keep(work: UnitOfWork, sha256: str, content: bytes) -> None:
    """Store `content`, whose SHA-256 is given, unless it is there already."""
    if await work.session.scalar(select(Blob.size).where(Blob.sha256 == sha256)) is not None:
        return
    size, data = compress(content)
    values = {"sha256": sha256, "size": size, "data": data, "created_at": clock.now()}
    made = insert(work.database.dialect, Blob).values(workspace_id=work.actor.workspace_id, **values)
    await work.session.execute(made.on_conflict_do_nothing())  # somebody else may keep the same at the same time


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
