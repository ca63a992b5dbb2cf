"""`savant export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door
from savant.cli.nouns import Kind

if TYPE_CHECKING:
    from savant.client.differences import Written

app = group()
SIGNS = {"create": "+", "update": "~", "unchanged": "="}


@command(app)
async def export(
    door: Door,
    folder: Annotated[
        Path | None, typer.Argument(help="The project to write to; the one you are in by default.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only definitions of this kind.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a file is overwritten.")] = False,
) -> None:
    """Write the workspace's definitions to files; the plan is shown first, and no file is ever deleted."""
    from savant.cli.asking import sure
    from savant.client.differences import planned_export, write
    from savant.schemas.plans import KINDS
    from savant.settings import find_project

    root = (door.cwd / folder) if folder else find_project(door.cwd) or door.cwd
    async with door.connect() as client:
        files = await planned_export(client, root, [kind] if kind else KINDS)
    if not dry_run and any(each.action == "update" for each in files):
        door.say.note(_text(files))
        sure(door, f"Overwrite files in {root}?", yes=yes)
    if not dry_run:
        write(root, files)
    items = [{"kind": each.kind, "slug": each.slug, "path": each.path, "action": each.action} for each in files]
    door.out.show({"items": items, "written": not dry_run}, lambda: _text(files))
    if dry_run or all(each.action == "unchanged" for each in files):
        door.say.note("Nothing was written." if dry_run else "Every file is as the workspace says.")


def _text(files: list[Written]) -> str:
    return "\n".join(f"{SIGNS[each.action]} {each.kind} {each.slug}  {each.path}" for each in files)
