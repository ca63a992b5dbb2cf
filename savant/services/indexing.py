"""Indexing a repository: read by worker processes, written in short transactions, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import or_, select, update

from savant import clock
from savant.database.search import Known, SearchStore
from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.repository import Repository as Row
from savant.runtime.engines.beneath import shown
from savant.runtime.indexing import words
from savant.runtime.indexing.log import past_commits
from savant.runtime.indexing.parse import Refused, Same, Task
from savant.runtime.indexing.scanner import Limits, Scan, scan
from savant.runtime.indexing.workers import parsed
from savant.schemas.indexing import Parsed, PastCommit
from savant.schemas.repositories import IndexConfig, IndexProgress, IndexReport
from savant.services import leases
from savant.services.app import App

Listener = Callable[[IndexProgress], None]
LEASE_SECONDS = 30
RENEW_SECONDS = 5.0
BATCH_FILES = 1_000
BATCH_BYTES = 6_000_000
BATCH_SECONDS = 2.0
BATCH_COMMITS = 5_000
EXAMPLES = 5
VERSION = "version"


def store(app: App) -> SearchStore:
    """A connection to the index; the caller closes it."""
    return SearchStore(app.database, app.actor.workspace_id, words)


def limits(config: IndexConfig) -> Limits:
    """What is indexed of a repository."""
    return Limits(max_file_bytes=config.max_file_bytes, max_files=config.max_files, exclude=config.exclude)


async def index(
    app: App, repository: int, root: Path, config: IndexConfig, *, full: bool = False, listener: Listener | None = None
) -> IndexReport:
    """Bring the index of a repository up to its working tree at `root`; CONFLICT if somebody else is at it.

    Whatever ends it early, what was written by then is whole files, and the next run goes on from there.
    """
    holder = leases.holder()
    await _take(app, repository, holder)
    run = _Run(app, repository, root, config, holder, listener)
    try:
        report = await run.carry_out(full=full)
    except BaseException:  # raised again: even a cancelled run must let go of the repository
        await asyncio.shield(_release(app, repository, holder, index_status="failed"))
        raise
    finally:
        await run.store.aclose()
    await _release(
        app, repository, holder, index_status="completed", indexed_at=clock.now(), indexed_commit=report.commit,
        index_report={**msgspec.to_builtins(report), VERSION: words.VERSION}, branch=report.branch,
    )  # fmt: skip
    return report


class _Run:
    """One index run; it counts what it does in `report`."""

    def __init__(
        self, app: App, repository: int, root: Path, config: IndexConfig, holder: str, listener: Listener | None
    ) -> None:
        self.app, self.repository, self.root, self.config = app, repository, root, config
        self.holder, self.listener = holder, listener
        self.store = store(app)
        self.report = IndexReport()
        self.began = self.renewed = self.last_write = clock.monotonic()
        self.writing: asyncio.Task[None] | None = None
        self.done_files = self.done_bytes = 0

    async def carry_out(self, *, full: bool) -> IndexReport:
        found = await scan(self.root, limits(self.config))
        if full or await _other_version(self.app, self.repository):
            await self.store.do(self.store.forget, self.repository)
        known = await self.store.do(self.store.known, self.repository)
        self._leave_out(found)
        there = {file.shown for file in found.files}
        gone = [path for path in known if path not in there]
        await self._remove(gone)
        if not known:
            await self.store.do(lambda: self.store.wire.bulk(on=True))
        history = asyncio.create_task(self._history())
        try:
            await self._read(found, known)
            await self.store.do(lambda: self.store.wire.bulk(on=False))
            await self._remember(await history)
        finally:
            history.cancel()
            # Whatever ends the run, nothing of it goes on, and nothing is written after it.
            left: list[asyncio.Task[Any]] = [history, *([self.writing] if self.writing else [])]
            await asyncio.gather(*left, return_exceptions=True)
        self.report.files, self.report.chunks = await self.store.do(self.store.count, self.repository)
        self.report.commit, self.report.branch, self.report.note = found.commit, found.branch, found.note
        self.report.seconds = round(clock.monotonic() - self.began, 3)
        return self.report

    def _leave_out(self, found: Scan) -> None:
        for path, reason in found.left_out:
            self._refuse(shown(path), reason)

    def _refuse(self, path: str, reason: str) -> None:
        kind = reason.partition(":")[0]
        self.report.left_out[kind] = self.report.left_out.get(kind, 0) + 1
        examples = self.report.examples.setdefault(kind, [])
        if len(examples) < EXAMPLES:
            examples.append(path)

    async def _remove(self, paths: list[str]) -> None:
        for at in range(0, len(paths), BATCH_FILES):
            await self.store.do(self.store.remove, self.repository, paths[at : at + BATCH_FILES])
            await self._renew()
        self.report.removed += len(paths)

    async def _read(self, found: Scan, known: dict[str, Known]) -> None:
        total = sum(file.size for file in found.files)
        self._tell(len(found.files), total)
        stamps: dict[str, str | None] = {}
        tasks: list[tuple[Task, int]] = []
        for file in found.files:
            old = known.get(file.shown)
            if old and file.stamp and old.stamp == file.stamp:
                self._pass(file.size)
                self.report.unchanged += 1
                continue
            stamps[file.shown] = file.stamp
            tasks.append((Task(file.path, file.shown, old.hash if old else None), file.size))
        batch: list[Parsed] = []
        batch_bytes = 0
        same: list[tuple[int, str | None]] = []
        async for task, size, outcome in parsed(str(self.root), tasks, self.config.max_file_bytes):
            self._pass(size)
            match outcome:
                case Same():
                    self.report.unchanged += 1
                    same.append((known[task.shown].id, stamps[task.shown]))
                case Refused(path, reason):
                    self._refuse(path, reason)
                    await self._remove([path] if path in known else [])
                case _:
                    self._count(outcome, task.known is not None)
                    batch.append(outcome._replace(stamp=stamps[task.shown]))
                    batch_bytes += size
            if len(batch) >= BATCH_FILES or batch_bytes >= BATCH_BYTES or self._long_ago():
                await self._write(batch, found.commit)
                batch, batch_bytes = [], 0
            self._tell(len(found.files), total)
        await self._write(batch, found.commit)
        await self._written()
        await self.store.do(self.store.stamp, same)

    def _pass(self, size: int) -> None:
        self.done_files += 1
        self.done_bytes += size

    def _count(self, file: Parsed, was_known: bool) -> None:
        self.report.changed += was_known
        self.report.added += not was_known
        self.report.bytes += file.size
        if not file.structured and file.language:
            self.report.by_lines[file.language] = self.report.by_lines.get(file.language, 0) + 1

    async def _write(self, batch: list[Parsed], commit: str | None) -> None:
        """Begin to store files once those before are stored; meanwhile others are read."""
        await self._written()
        if batch:
            await self._renew()
            self.writing = asyncio.create_task(self.store.do(self.store.write, self.repository, commit, batch))
            self.last_write = clock.monotonic()

    async def _written(self) -> None:
        writing, self.writing = self.writing, None
        if writing is not None:
            await writing

    def _long_ago(self) -> bool:
        return clock.monotonic() - self.last_write > BATCH_SECONDS

    async def _history(self) -> list[PastCommit]:
        """Past commits since those that are known."""
        since = await self.store.do(self.store.newest_commit, self.repository)
        return await past_commits(self.root, since, self.config.max_commits)

    async def _remember(self, commits: list[PastCommit]) -> None:
        """Store past commits, and how often each file was changed in them."""
        # Oldest first, so that what is cut short is gone on with, and the newest has the highest number.
        commits.reverse()
        for at in range(0, len(commits), BATCH_COMMITS):
            await self._renew()
            await self.store.do(self.store.add_commits, self.repository, commits[at : at + BATCH_COMMITS])
        if commits or self.report.added:
            await self.store.do(self.store.count_changes, self.repository)
        self.report.commits = len(commits)

    async def _renew(self) -> None:
        if clock.monotonic() - self.renewed > RENEW_SECONDS:
            self.renewed = clock.monotonic()
            await _hold(self.app, self.repository, self.holder)

    def _tell(self, files: int, total: int) -> None:
        if self.listener is not None:
            spent = clock.monotonic() - self.began
            left = spent / self.done_bytes * (total - self.done_bytes) if self.done_bytes and spent > 0.5 else None
            self.listener(
                IndexProgress(
                    files=self.done_files, files_total=files, bytes=self.done_bytes, bytes_total=total,
                    seconds_left=left,
                )
            )  # fmt: skip


async def _other_version(app: App, repository: int) -> bool:
    """Whether the index was made with words that this version would make otherwise."""
    async with app.read() as work:
        report = await work.session.scalar(select(Row.index_report).where(Row.id == repository))
    return bool(report) and is_other_version(report.get(VERSION))


def is_other_version(version: int | None) -> bool:
    """Whether this version of Savant splits words otherwise than the one that made an index."""
    return version != words.VERSION


async def _take(app: App, repository: int, holder: str) -> None:
    async with app.work() as work:
        row = (await work.session.scalars(select(Row).where(Row.id == repository))).one()
        if leases.alive(row.lease_holder, row.lease_expires_at, await work.now()):
            raise _taken(row.slug, row.lease_holder)
        free = or_(Row.lease_holder.is_(None), Row.lease_holder == row.lease_holder)
        statement = update(Row).where(Row.id == repository, free)
        taken = await work.session.execute(
            statement.values(
                lease_holder=holder, lease_expires_at=await leases.until(work, LEASE_SECONDS), index_status="indexing"
            )
        )
        if taken.rowcount != 1:  # pyright: ignore[reportAttributeAccessIssue]
            raise _taken(row.slug, row.lease_holder)


def _taken(slug: str, holder: str | None) -> SavantError:
    return SavantError(
        ErrorCode.CONFLICT,
        f"The repository `{slug}` is being indexed by another process ({holder}).",
        hint="Wait until it is done; what it has written can be searched already.",
    )


async def _hold(app: App, repository: int, holder: str) -> None:
    async with app.work() as work:
        held = await _set(work, repository, holder, lease_expires_at=await leases.until(work, LEASE_SECONDS))
    if not held:
        raise SavantError(ErrorCode.CONFLICT, "Another process took over this index run.", hint="Nothing is lost.")


async def _release(app: App, repository: int, holder: str, **values: Any) -> None:
    if values.get("branch", "") is None:
        del values["branch"]
    async with app.work() as work:
        await _set(work, repository, holder, lease_holder=None, lease_expires_at=None, **values)


async def _set(work: UnitOfWork, repository: int, holder: str, **values: Any) -> bool:
    statement = update(Row).where(Row.id == repository, Row.lease_holder == holder).values(**values)
    done = await work.session.execute(statement)
    return done.rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]
