"""`savant apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.plans import Plan

app = group()
SIGNS = {"create": "+", "update": "~", "delete": "-", "unchanged": "="}


@command(app)
async def apply(
    door: Door,
    paths: Annotated[list[Path] | None, typer.Option("--file", "-f", metavar="PATH", help="Only these.")] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Delete what no file holds.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Bring the workspace in line with the project's files; the plan is shown first."""
    from savant.cli.asking import sure
    from savant.client.files import bundle, named
    from savant.client.project import check
    from savant.errors import ErrorCode, SavantError
    from savant.schemas.plans import Apply

    if prune and paths:
        raise SavantError(ErrorCode.USAGE, "--prune with --file would delete all the rest.", hint="Leave one out.")
    project, keys = named(paths or [], door.cwd)
    check(project, shell=door.settings.shell, only=keys)
    wanted = Apply(bundle=bundle(project, keys), sources=project.names(), prune=prune, dry_run=True)
    async with door.connect() as client:
        plan = await client.definitions.apply(wanted)
        if dry_run or not _changes(plan):
            _show(door, plan)
            door.say.note("Nothing was changed." if dry_run else "Everything is as the files say.")
            return
        if any(change.action == "delete" for change in plan.changes) or door.say.interactive:
            door.say.note(_text(plan))
            sure(door, "Do this?", yes=yes)
        wanted.dry_run = False
        _show(door, await client.definitions.apply(wanted))


def _show(door: Door, plan: Plan) -> None:
    from savant.cli import tables

    rows = [[change.action, change.kind, change.slug, ", ".join(change.changed)] for change in plan.changes]
    door.out.show(plan, lambda: _text(plan), lambda: tables.markdown_table(["action", "kind", "slug", "changed"], rows))


def _changes(plan: Plan) -> bool:
    return any(change.action != "unchanged" for change in plan.changes)


def _text(plan: Plan) -> str:
    from savant.cli.output import style
    from savant.cli.tables import STATUS_STYLES

    lines: list[str] = []
    for change in plan.changes:
        sign = style(SIGNS[change.action], STATUS_STYLES.get(change.action, "dim"))
        about = f"  ({', '.join(change.changed)})" if change.changed else ""
        version = f"  v{change.version}" if change.version else ""
        lines.append(f"{sign} {change.kind} {change.slug}{about}{version}")
    return "\n".join(lines)
