"""Repositories: the verbs. Reading one into the index is in `indexing`."""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from sqlalchemy import select

from savant import policies
from savant.database.file_lock import file_lock
from savant.database.queue import Job, Queue
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.repository import Repository as Row
from savant.runtime.indexing import clone
from savant.runtime.indexing.differences import unchanged_paths
from savant.runtime.indexing.scanner import scan, top
from savant.schemas.actors import Actor
from savant.schemas.base import Page, slugify
from savant.schemas.jobs import NORMAL
from savant.schemas.lists import ListQuery
from savant.schemas.repositories import IndexConfig, IndexStatus, Repository, RepositoryCreate, RepositoryUpdate
from savant.services import indexing, leases, places, records, sorting, vaults, vectors
from savant.services.app import App

EXAMPLES = 10


async def list(work: Reading, query: ListQuery) -> Page[Repository]:
    rows = (await work.session.scalars(records.listing(Row, query, select(Row)))).all()
    page, more = records.cut(rows, query.limit)
    cursor = sorting.cursor(query.sort, page[-1]) if more else None
    return Page(items=[shown_as(row) for row in page], next_cursor=cursor)


async def get(work: Reading, ref: str) -> Repository:
    return shown_as(await find(work, ref))


async def create(app: App, create: RepositoryCreate) -> Repository:
    """Add a repository; it is indexed by `index`. A path must be there, a URL is not tried yet."""
    for place in filter(None, (create.path, create.url)):
        places.refuse(app, place)
    async with app.work() as work:
        return await _add(work, create)


async def _add(work: UnitOfWork, create: RepositoryCreate) -> Repository:
    if (create.path is None) == (create.url is None):
        raise SavantError(ErrorCode.VALIDATION, "A repository has either a path or a URL.")
    url = clone.checked(create.url) if create.url else None
    root = await top(Path(create.path)) if create.path else None
    if root is not None and (same := await at(work, root)):
        raise SavantError(
            ErrorCode.CONFLICT, f"{root} is already the repository `{same.slug}`.", hint=f"savant index {root}"
        )
    name = create.name or (root.name if root else clone.name_of(url or "")) or "repository"
    slug = await _free_slug(work, create.slug, name)
    row = Row(
        name=name, slug=slug, source=clone.source_of(url), remote_url=url, local_path=str(root) if root else None,
        branch=create.branch or ("" if url else "main"), index_status="pending",
        index_config=msgspec.to_builtins(create.config),
    )  # fmt: skip
    work.session.add(row)
    records.stamp(work, row)
    await work.session.flush()
    return shown_as(row)


async def update(work: UnitOfWork, ref: str, update: RepositoryUpdate) -> Repository:
    """Change its name, its branch or what is indexed of it; another branch is there when it is indexed again."""
    row = await find(work, ref)
    _permit_change(work.actor, row)
    changes = records.given(update)
    row.name = changes.get("name", row.name)
    if changes.get("branch", row.branch) != row.branch:
        row.branch, row.index_status = changes["branch"], "pending"
    if "config" in changes:
        row.index_config = msgspec.to_builtins(changes["config"])
    records.stamp(work, row)
    await work.session.flush()
    return shown_as(row)


async def delete(app: App, ref: str) -> None:
    """Remove a repository and its index; files on disk stay as they are, a clone of ours goes."""
    async with app.read() as work:
        row = await find(work, ref)
    _permit_change(app.actor, row)
    store = indexing.store(app)
    try:
        await store.do(store.forget, row.id)
    finally:
        await store.aclose()
    async with app.work() as work:
        await work.session.delete(await find(work, ref))
    if row.remote_url:
        await clone.remove(_cache(app, row.id))


async def index(app: App, ref: str, *, full: bool = False, listener: indexing.Listener | None = None) -> Repository:
    """Bring a repository's index up to date: of a path its working tree, of a URL what its branch is at now.

    On a server it is a job, and the repository is given back as it waits for one.
    """
    if app.serves and app.database.queue is not None:
        async with app.work() as work:
            return await _queue(work, app.database.queue, await find(work, ref, lock=True), full)
    return await bring(app, ref, full=full, listener=listener)


async def bring(app: App, ref: str, *, full: bool = False, listener: indexing.Listener | None = None) -> Repository:
    """Index a repository here and now."""
    async with app.read() as work:
        row = await find(work, ref)
    root = await _root(app, row, fetch=True)
    await indexing.index(app, row.id, root, _config(row), full=full, listener=listener)
    found = dict(zip(("vectors", "vectors_problem"), await vectors.bring(app, row.id), strict=True))
    async with app.work() as work:
        row = await find(work, ref)
        row.index_report = {**row.index_report, **found}
        return shown_as(row)


async def index_failed(app: App, ref: str, problem: SavantError) -> None:
    """Note why an index run could not even begin, for those who wait for it."""
    async with app.work() as work:
        row = await work.session.scalar(select(Row).where(Row.slug == ref))
        if row is not None:
            row.index_status = "failed"
            row.index_report = {**row.index_report, "problem": str(problem), "problem_code": problem.code.value}


async def _queue(work: UnitOfWork, queue: Queue, row: Row, full: bool) -> Repository:
    """Ask for one more index run, unless one waits already: what it will find is the same."""
    arguments = {"workspace_id": row.workspace_id, "user_id": work.actor.user_id, "ref": row.slug, "full": full}
    job = Job("index_repository", arguments, NORMAL, lock=f"repository-{row.id}")
    under_way = await queue.join(work, job, **({"full": True} if full else {}))
    if not under_way:
        await queue.put(work, job)
    if not leases.alive(row.lease_holder, row.lease_expires_at, await work.now()):
        row.index_status = "pending"
    row.index_report = {name: value for name, value in row.index_report.items() if not name.startswith("problem")}
    await work.session.flush()
    return msgspec.structs.replace(shown_as(row), under_way=under_way)


async def locate(app: App, target: str) -> Repository:
    """The repository that a slug, a path or a URL means; one is added for a path or URL that is new."""
    async with app.read() as work:
        if row := await work.session.scalar(select(Row).where(Row.slug == target)):
            return shown_as(row)
        places.refuse(app, target)
        if clone.is_url(target):
            row = await work.session.scalar(select(Row).where(Row.remote_url == clone.checked(target)))
        else:
            row = await at(work, await top(Path(target)))
    if row is not None:
        return shown_as(row)
    async with app.work() as work:
        wanted = RepositoryCreate(url=target) if clone.is_url(target) else RepositoryCreate(path=target)
        return await _add(work, wanted)


async def status(app: App, ref: str) -> IndexStatus:
    """The index beside the working tree, by the content of every file."""
    async with app.read() as work:
        row, now = await find(work, ref), await work.now()
    answer = IndexStatus(
        repository=row.slug, state="missing", indexed_at=row.indexed_at, indexed_commit=row.indexed_commit,
        left_out=row.index_report.get("left_out", {}),
    )  # fmt: skip
    command = f"savant index {row.local_path or row.remote_url}"
    store = indexing.store(app)
    try:
        known = await store.do(store.known, row.id)
        answer.vectors_compared_by = await vectors.compared_by(app, store)
    finally:
        await store.aclose()
    answer.files = len(known)
    if leases.alive(row.lease_holder, row.lease_expires_at, now):
        answer.state, answer.advice = "indexing", "It is being indexed; what is written can be searched already."
        return answer
    try:
        root = await _root(app, row, fetch=False)
    except SavantError as error:
        answer.advice = f"{error.message} {error.hint or ''}".strip()
        return answer
    if not known and row.indexed_at is None:
        answer.advice = f"It was never indexed: {command}"
        return answer
    await _compare(answer, root, {path: old.hash for path, old in known.items()}, _config(row))
    if problem := _problem(row, answer):
        answer.state, answer.advice = "stale", f"{problem}: {command}"
    else:
        answer.state = "current"
    return answer


def _problem(row: Row, answer: IndexStatus) -> str | None:
    if row.index_status == "pending":
        return "It is to be indexed again"
    if row.index_status != "completed":
        return "Its last index run did not end"
    if indexing.is_other_version(row.index_report.get(indexing.VERSION)):
        return "It was indexed by another version of Savant, which split words otherwise"
    return "Its files have changed" if answer.added or answer.changed or answer.removed else None


async def find(work: Reading, ref: str, *, lock: bool = False) -> Row:
    """The row with this slug, held with `lock` until this work is done; NOT_FOUND names the nearest."""
    statement = select(Row).where(Row.slug == ref)
    row = await work.session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        slugs = (await work.session.scalars(select(Row.slug))).all()
        near = difflib.get_close_matches(ref, slugs, 1)
        hint = f"Did you mean `{near[0]}`?" if near else "`savant repositories list` shows what there is."
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no repository `{ref}`.", hint=hint)
    return row


def _permit_change(actor: Actor, row: Row) -> None:
    if not policies.may(actor, "change", author_id=row.created_by_id):
        raise SavantError(ErrorCode.FORBIDDEN, f"The repository `{row.slug}` is somebody else's.", hint="Ask an admin.")


async def at(work: Reading, root: Path) -> Row | None:
    """The repository whose working tree is `root`."""
    return await work.session.scalar(select(Row).where(Row.local_path == str(root)))


async def _compare(answer: IndexStatus, root: Path, known: dict[str, str], config: IndexConfig) -> None:
    found = await scan(root, indexing.limits(config))
    answer.head = found.commit
    there = {file.shown: file.path for file in found.files}
    changed = await unchanged_paths(str(root), there, known, config.max_file_bytes)
    added = [path for path in changed.added if path not in known]
    removed = [path for path in known if path not in there]
    answer.added, answer.changed, answer.removed = len(added), len(changed.changed), len(removed)
    answer.examples = [*changed.changed, *added, *removed][:EXAMPLES]


async def _root(app: App, row: Row, *, fetch: bool) -> Path:
    """Where the working tree is; a URL's is in the cache, cloned or fetched if `fetch`."""
    if row.local_path:
        if not Path(row.local_path).is_dir():  # noqa: ASYNC240  (one look)
            raise SavantError(
                ErrorCode.NOT_FOUND,
                f"The folder {row.local_path} of `{row.slug}` is not there.",
                hint=f"Put it back, or `savant repositories remove {row.slug}`.",
            )
        return Path(row.local_path)
    folder = _cache(app, row.id)
    if fetch:
        async with _alone(folder):
            await clone.update(await _remote(app, row), folder)
    elif not folder.is_dir():
        raise SavantError(ErrorCode.NOT_FOUND, f"`{row.slug}` is not cloned yet.", hint=f"savant index {row.slug}")
    return folder


async def check_out(app: App, ref: str, folder: Path, branch: str | None, commit: str | None) -> str:
    """Make `folder` a working tree of a repository at a commit, or at what a branch is at now; the commit in full."""
    async with app.read() as work:
        row = await find(work, ref)
    remote = (await _remote(app, row))._replace(branch=branch or (None if commit else row.branch or None))
    source = Path(row.local_path) if row.local_path else _cache(app, row.id)
    if row.local_path:
        remote = remote._replace(url=row.slug)
    async with _alone(_cache(app, row.id)):
        found = await clone.commit_of(remote, source, commit) if commit and source.is_dir() else None
        if found is None and row.remote_url:
            await clone.fetch(remote, source)
        found = found or await clone.commit_of(remote, source, commit)
        if found is None:
            what = f"commit {commit}" if commit else f"branch `{remote.branch}`"
            raise SavantError(ErrorCode.NOT_FOUND, f"The repository `{row.slug}` has no {what}.")
        await clone.check_out(remote, source, folder, found)
    return found


@asynccontextmanager
async def _alone(folder: Path) -> AsyncGenerator[None]:
    """Nobody else on this machine fetches into a clone."""
    await asyncio.to_thread(folder.parent.mkdir, parents=True, exist_ok=True)
    async with file_lock(folder, clone.SECONDS, "fetching into"):
        yield


async def _remote(app: App, row: Row) -> clone.Remote:
    """The remote with its token: a secret of the workspace, or what the user of this machine has set for it."""
    config, url = _config(row), row.remote_url or ""
    if config.token is not None:
        token = await vaults.value(app, config.token)
    else:
        token = None if app.serves else clone.token_from(os.environ, url)
    return await places.guarded(app, clone.Remote(url, row.branch or None, config.shallow, token))


def _cache(app: App, id: int) -> Path:
    return app.settings.home / "cache" / "repositories" / str(id)


def _config(row: Row) -> IndexConfig:
    return msgspec.convert(row.index_config, IndexConfig)


async def _free_slug(work: UnitOfWork, wanted: str | None, name: str) -> str:
    """The slug that is asked for, or one made of the name with a number where it is taken."""
    taken = set((await work.session.scalars(select(Row.slug))).all())
    if wanted is not None:
        if wanted in taken:
            raise SavantError(ErrorCode.CONFLICT, f"There already is a repository `{wanted}`.")
        return wanted
    slug, number = slugify(name)[:200], 1
    while slug in taken:
        number += 1
        slug = f"{slugify(name)[:200]}-{number}"
    return slug


def shown_as(row: Row) -> Repository:
    return msgspec.convert(row, Repository, from_attributes=True)
