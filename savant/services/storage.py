"""Room: which runs and blobs may go."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Text, cast, delete, func, select

from savant import clock
from savant.database import blobs
from savant.database.work import Reading, UnitOfWork
from savant.models.blob import Blob
from savant.models.run import Run as Row
from savant.models.step import Step
from savant.models.workspace import Workspace
from savant.schemas.programs import Program
from savant.schemas.runs import FINISHED
from savant.schemas.storage import Gc, GcReport
from savant.services import runs
from savant.settings.server import ServerSettings

_REFERENCE = re.compile(r'"\$(?:blob|chain)":\s*"([0-9a-f]{64})"')
_PARENT = re.compile(rb'"parent":"([0-9a-f]{64})"\}$')


class _Room(NamedTuple):
    """Bytes of blobs by hash, of each run's steps, and the blobs each run needs."""

    blobs: dict[str, int]
    steps: dict[int, int]
    needs: dict[int, set[str]]

    def bytes(self, kept: set[int]) -> int:
        live = set[str]().union(*(self.needs[run] for run in kept)) if kept else set[str]()
        return sum(self.blobs.get(key, 0) for key in live) + sum(self.steps.get(run, 0) for run in kept)


async def gc(work: UnitOfWork, options: Gc) -> GcReport:
    """Delete what is too old or too much, then every blob that no run needs.

    Runs and blobs that others take up meanwhile stay, and on Postgres blobs that are younger than their grace.
    """
    before = _last_kept(work)
    for id in (*options.pin, *options.unpin):
        await runs.find(work, id, lock=True, whole=True)
    whole = select(Row).where(Row.journal_run_id.is_(None))  # what is delegated goes with who delegated it
    found = (await work.session.scalars(whole.order_by(Row.id))).all()
    pinned = {row.id for row in found if row.config.get("pinned")}.union(options.pin).difference(options.unpin)
    room = await _room(work, found)
    size = sum(room.blobs.values()) + sum(room.steps.values())
    gone = _gone([row for row in found if row.id not in pinned], {row.id for row in found}, room, options)
    if not options.dry_run:
        gone = await _held(work, gone)
    kept = {row.id for row in found} - set(gone)
    needed = set[str]().union(*(room.needs[id] for id in kept)) if kept else set[str]()
    loose = sorted(room.blobs.keys() - needed)
    if options.dry_run:
        loose = await blobs.unclaimed(work, loose, before=before)
    else:
        for row in found:
            if row.config.get("pinned", False) != (row.id in pinned):
                row.config = {**row.config, "pinned": row.id in pinned}
        await _delete(work, gone)
        loose = await blobs.collect(work, loose, before=before)
    return GcReport(
        runs=gone,
        blobs=len(loose),
        bytes_before=size,
        bytes_after=size - sum(room.steps[id] for id in gone) - sum(room.blobs[key] for key in loose),
        pinned=sorted(pinned),
        dry_run=options.dry_run,
    )


async def budget(work: Reading, server: ServerSettings) -> Gc:
    """What a server keeps of a workspace: what is set for all, or less where its own settings say so."""
    given = await work.session.scalar(select(Workspace.settings).where(Workspace.id == work.actor.workspace_id)) or {}
    days = _least(server.keep_days, given.get("keep_days"))
    megabytes = _least(server.keep_mb, given.get("keep_mb"))
    return Gc(
        keep_seconds=None if days is None else days * 86_400.0,
        max_bytes=None if megabytes is None else megabytes * 10**6,
    )


def _least(*limits: Any) -> int | None:
    """The tightest of those that are whole numbers above 0; None if there is none."""
    return min((limit for limit in limits if isinstance(limit, int) and limit > 0), default=None)


def _gone(rows: Sequence[Row], all: set[int], room: _Room, options: Gc) -> list[int]:
    """The runs that go, oldest first."""
    may_go = [row for row in rows if row.status in FINISHED]
    gone: list[int] = []
    if options.keep_seconds is not None:
        limit = clock.now() - timedelta(seconds=options.keep_seconds)
        gone = [row.id for row in may_go if (row.completed_at or row.created_at) < limit]
    if options.max_bytes is not None:
        gone += _too_much([row.id for row in may_go], all - set(gone), room, options.max_bytes)
    return sorted(gone)


def _too_much(may_go: Sequence[int], kept: set[int], room: _Room, most: int) -> list[int]:
    """The oldest of the kept runs, until what the others need has at most `most` bytes."""
    gone: list[int] = []
    left, users = room.bytes(kept), Counter(key for id in kept for key in room.needs[id])
    for id in may_go:
        if left <= most:
            break
        if id in kept:
            gone.append(id)
            users.subtract(room.needs[id])
            left -= room.steps.get(id, 0) + sum(room.blobs.get(key, 0) for key in room.needs[id] if not users[key])
    return gone


async def _room(work: Reading, rows: Sequence[Row]) -> _Room:
    sizes = await work.session.execute(select(Blob.sha256, func.length(Blob.data)))
    room = _Room({row[0]: row[1] for row in sizes}, {}, {})
    parents: dict[str, str | None] = {}
    for row in rows:
        needs = {row.program_hash} if row.program_hash else set[str]()
        for key in await _programs_own(work, row):
            needs.add(key)
        room.steps[row.id], mentioned = await _mentioned(work, row.id)
        room.needs[row.id] = needs | await _with_parents(work, mentioned, parents)
    return room


async def _programs_own(work: Reading, row: Row) -> list[str]:
    content = await blobs.reader(work)([row.program_hash or ""])
    if row.program_hash not in content:
        return []
    program = msgspec.json.decode(content[row.program_hash], type=Program)
    return [program.toolset] if program.toolset else []


async def _mentioned(work: Reading, id: int) -> tuple[int, set[str]]:
    """Bytes of a run's steps, and the blobs they name."""
    size, keys = 0, set[str]()
    texts = await work.session.execute(select(cast(Step.input, Text), cast(Step.output, Text)).where(Step.run_id == id))
    for pair in texts:
        for text in pair:
            if text:
                size += len(text)
                keys.update(_REFERENCE.findall(text))
    return size, keys


async def _with_parents(work: Reading, keys: set[str], parents: dict[str, str | None]) -> set[str]:
    """The blobs, and the messages before those that are messages; `parents` is what is known of all runs."""
    found, read = set[str](), blobs.reader(work)
    while keys:
        found |= keys
        unknown = sorted(keys - parents.keys())
        for batch in blobs.batches(unknown):
            content = await read(batch)
            for key in batch:
                match = _PARENT.search(content.get(key, b""))
                parents[key] = match[1].decode() if match else None
        keys = {parent for key in keys if (parent := parents[key])} - found
    return found


def _last_kept(work: Reading) -> datetime:
    """When a blob must have been kept last so that nobody may be about to refer to it."""
    return clock.now() - (blobs.GRACE if work.database.dialect == "postgresql" else timedelta())


async def _held(work: UnitOfWork, ids: list[int]) -> list[int]:
    """Those that are still finished and that nobody works on, held until they are deleted."""
    held: list[int] = []
    for batch in blobs.batches(ids):
        still = select(Row.id).where(Row.id.in_(batch), Row.status.in_(FINISHED)).order_by(Row.id)
        held += (await work.session.scalars(still.with_for_update(skip_locked=True))).all()
    return held


async def _delete(work: UnitOfWork, gone: list[int]) -> None:
    for batch in blobs.batches(gone):
        await work.session.execute(delete(Row).where(Row.id.in_(batch)))
