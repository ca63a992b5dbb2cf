"""An index run as a person sees it: a bar on a terminal, a line at its end, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from savant.cli import tables, waiting
from savant.cli.door import Door
from savant.schemas.repositories import IndexProgress, IndexReport, Repository

if TYPE_CHECKING:
    from savant.client import Client

Listener = Callable[[IndexProgress], None]
_HEADS = re.compile(r"((worktrees|modules)/.+/)?(HEAD|refs/heads/.+)|worktrees/[^/]+/logs/HEAD")


async def index(door: Door, client: Client, repository: Repository, *, full: bool = False) -> IndexReport:
    """Index, with progress, and say what was done."""
    with _bar(door, repository.slug) as listener:
        async with waiting.told(door, waiting.of_index(client, repository.slug)):
            report = await client.repositories.index(
                repository.slug, full=full, listener=listener, asked=lambda found: _joined(door, found)
            )
    door.out.show(report, lambda: _summary(repository.slug, report))
    for reason, count in report.left_out.items():
        examples = ", ".join(report.examples.get(reason, [])[:3])
        door.say.detail(f"left out, {reason}: {count} ({examples}{', ...' if count > 3 else ''})")
    if report.vectors_problem:
        door.say.warning(f"Not all code has vectors; words find it all the same. {report.vectors_problem}")
    if report.note:
        door.say.warning(f"git could not be asked, so the folder was walked: {report.note}")
    for language, count in report.by_lines.items():
        door.say.warning(f"{count} {language} files were cut by lines: their grammar could not be used.")
    return report


def _joined(door: Door, found: Repository) -> None:
    if found.under_way:
        door.say.note(f"Somebody has asked to index `{found.slug}` already; this is the same index run.")


async def watch(door: Door, client: Client, repository: Repository) -> None:
    """Index again whenever files change, until interrupted."""
    from watchfiles import awatch

    from savant.errors import ErrorCode, SavantError

    if repository.local_path is None:
        raise SavantError(ErrorCode.USAGE, "Only a folder on this machine can be watched.")
    watching, behind = False, True
    folders = _folders(Path(repository.local_path))
    events = awatch(*folders, watch_filter=_worth, debounce=400, step=100, rust_timeout=400, yield_on_timeout=True)
    async for changes in events:
        # The first time the watch has only begun: what changed before it did is caught up with, whatever it saw.
        if changes or behind:
            behind = not await _catch_up(door, client, repository)
        if not watching:
            watching = True
            door.say.note(f"Watching {repository.local_path}; Ctrl-C ends it.")


async def _catch_up(door: Door, client: Client, repository: Repository) -> bool:
    """Index once; False if another process is at it, and this one must try again."""
    from savant.errors import ErrorCode, SavantError

    try:
        report = await client.repositories.index(repository.slug)
    except SavantError as error:
        if error.code != ErrorCode.CONFLICT:
            raise
        door.say.detail(error.message)
        return False
    if report.added or report.changed or report.removed or report.commits:
        door.out.show(report, lambda: _summary(repository.slug, report))
    return True


def _folders(root: Path) -> list[Path]:
    """What to watch: a linked working tree, and a submodule, have what git knows of them elsewhere."""
    link = root / ".git"
    if not link.is_file():
        return [root]
    return [root, root / link.read_text(errors="surrogateescape").removeprefix("gitdir:").strip()]


def _worth(change: object, path: str) -> bool:
    """Whether a change may be one of content: of git's own files only where HEAD and branches are."""
    inside = path.replace("\\", "/").partition("/.git/")[2]
    return not inside or _HEADS.fullmatch(inside) is not None


@contextmanager
def _bar(door: Door, slug: str) -> Generator[Listener | None]:
    if not door.say.live:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rest]}"))
    with Progress(*columns, console=door.say.console(), transient=True) as progress:
        task = progress.add_task(f"Indexing {slug}", total=None, rest="")

        def listen(told: IndexProgress) -> None:
            left = "" if told.seconds_left is None else f", {tables.duration(told.seconds_left * 1000)} left"
            rest = f"{told.bytes / 1e6:.1f} of {told.bytes_total / 1e6:.1f} MB{left}"
            progress.update(task, completed=told.files, total=told.files_total, rest=rest)

        yield listen


def _summary(slug: str, report: IndexReport) -> str:
    did = [
        f"{number} {what}"
        for number, what in ((report.added, "new"), (report.changed, "changed"), (report.removed, "removed"))
        if number
    ]
    left = sum(report.left_out.values())
    return (
        f"{slug}: {report.files} files in {report.chunks} chunks ({', '.join(did) or 'nothing changed'}"
        f"{f', {left} left out' if left else ''}) in {tables.duration(report.seconds * 1000)}"
    )
