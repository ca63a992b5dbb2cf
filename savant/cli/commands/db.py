"""`savant db`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.storage import DatabaseReport

app = group()
File = Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")]


@command(app)
async def check(door: Door) -> int:
    """Check that the database is sound."""
    from savant.errors import ErrorCode, ExitCode, SavantError

    async with door.connect() as client:
        found = await client.databases.check()
    door.out.show(found, lambda: "\n".join(found.problems))
    if not found.problems:
        door.say.note(_about(found))
        return ExitCode.DONE
    hint = "Put a backup in its place: savant db restore FILE"
    door.say.error(SavantError(ErrorCode.UNEXPECTED, f"{found.database} is damaged.", hint=hint))
    return ExitCode.UNEXPECTED


@command(app)
async def backup(door: Door, file: File) -> None:
    """Copy the database to a file, also while runs go on."""
    async with door.connect() as client:
        found = await client.databases.backup(door.cwd / file)
    door.out.show(found, lambda: "")
    door.say.note(_about(found))


@command(app)
async def restore(
    door: Door,
    file: File,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the database's place; what was there is kept beside it."""
    from savant.cli.asking import sure

    sure(door, f"Put {file} in the place of {door.settings.database.rpartition('///')[2]}?", yes=yes)
    async with door.connect() as client:
        found = await client.databases.restore(door.cwd / file)
    door.out.show(found, lambda: "")
    door.say.note(_about(found))


def _about(report: DatabaseReport) -> str:
    from savant.cli import tables

    return f"{report.database} is sound: {report.runs} runs, {tables.size(report.bytes)}, revision {report.revision}."
