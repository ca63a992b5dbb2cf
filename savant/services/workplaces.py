"""The folder a run works in: its caller's, or on a server one of its own, made of a repository of the workspace."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run
from savant.runtime.indexing import clone
from savant.schemas.programs import Program, RepositoryState
from savant.schemas.runs import FINISHED, RunConfig
from savant.services import actors, places, repositories
from savant.services.app import App

KEPT = timedelta(days=7)
"""How long the folder of a run that failed or was stopped waits for somebody to resume it."""
MAKING = timedelta(seconds=2 * clone.SECONDS)
"""How long making one may take."""


def own(app: App, config: RunConfig) -> bool:
    """Whether the run gets a folder of its own."""
    return app.serves or config.repository is not None


def expected(app: App, config: RunConfig) -> Path | None:
    """Where it will be, as far as can be said before the run begins; FORBIDDEN for a path on a server."""
    named = places.named(app, config.root)
    if config.repository is None and (config.branch or config.commit):
        raise SavantError(ErrorCode.VALIDATION, "A branch or commit is of a repository, and none is named.")
    if named is not None and config.repository is not None:
        raise SavantError(ErrorCode.VALIDATION, "A run works in a folder or in a repository, not in both.")
    return _all(app) if own(app, config) else named


async def choose(app: App, program: Program, config: RunConfig) -> None:
    """Note what a run of a repository will work on: what was indexed last, unless its caller says otherwise."""
    if config.repository is None:
        return
    async with app.read() as work:
        row = await repositories.find(work, config.repository)
    commit = config.commit or (None if config.branch else row.indexed_commit)
    branch = config.branch or (None if config.commit else row.branch or None)
    program.repository = RepositoryState(root=row.slug, branch=branch, commit=commit)


async def make(app: App, run: Run, config: RunConfig) -> Path | None:
    """The folder of a run that begins or goes on; one of its own is made where this machine does not have it."""
    if not own(app, config):
        return places.named(app, config.root)
    folder = _folder(app, run)
    if folder.is_dir():
        return folder
    fresh = folder.with_name(f"{folder.name}.{clock.token(8)}")
    await asyncio.to_thread(folder.parent.mkdir, parents=True, exist_ok=True)
    try:
        if config.repository is None:
            await clone.empty(fresh)
        else:
            await _check_out(app, run, config, fresh)
        fresh.rename(folder)
    finally:
        await clone.remove(fresh)
    return folder


async def remove(app: App, run: Run) -> None:
    """Remove the folder of a run that has ended for good."""
    await clone.remove(_folder(app, run))


async def sweep(app: App) -> None:
    """Remove from this machine the folders that no run comes back to, whoever made them."""
    for workspace in await asyncio.to_thread(_numbered, _all(app)):
        folders = await asyncio.to_thread(_numbered, workspace)
        kept = await _kept(app, int(workspace.name), [int(folder.name) for folder in folders])
        for folder in folders:
            if int(folder.name) not in kept:
                await clone.remove(folder)
        for folder in await asyncio.to_thread(_given_up, workspace):
            await clone.remove(folder)


async def _kept(app: App, workspace_id: int, ids: list[int]) -> set[int]:
    """The runs that go on, or may: one that is completed does not, nor one that ended long ago."""
    steward = await actors.steward_of(app, workspace_id)
    if steward is None:
        return set()
    async with app.acting_as(steward).read() as work:
        rows = (await work.session.scalars(select(Run).where(Run.id.in_(ids)))).all()
    limit = clock.now() - KEPT
    return {
        row.id
        for row in rows
        if row.status not in FINISHED or (row.status != "completed" and (row.completed_at or limit) > limit)
    }


async def _check_out(app: App, run: Run, config: RunConfig, folder: Path) -> None:
    commit = run.repository_commit or config.commit
    found = await repositories.check_out(app, config.repository or "", folder, config.branch, commit)
    if found != run.repository_commit:
        async with app.work() as work:
            await work.session.execute(update(Run).where(Run.id == run.id).values(repository_commit=found))


def _numbered(folder: Path) -> list[Path]:
    """The folders in it that are called by a number."""
    return [each for each in folder.iterdir() if each.name.isdecimal()] if folder.is_dir() else []


def _given_up(folder: Path) -> list[Path]:
    """Checkouts that were begun and not ended for longer than any takes: whoever made them is gone."""
    limit = clock.now().timestamp() - MAKING.total_seconds()
    return [each for each in folder.iterdir() if not each.name.isdecimal() and each.stat().st_mtime < limit]


def _all(app: App) -> Path:
    return app.settings.home / "cache" / "runs"


def _folder(app: App, run: Run) -> Path:
    return _all(app) / str(run.workspace_id) / str(run.id)
