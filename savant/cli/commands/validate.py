"""`savant validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
def validate(
    door: Door,
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATHS", help="Files or folders of YAML.")] = None,
) -> None:
    """Find what is wrong in definitions, without running anything: the project's, or the files named."""
    from savant.client.files import named
    from savant.client.project import check

    project, keys = named(paths or [], door.cwd)
    check(project, shell=door.settings.shell, only=keys)
    checked = [{"kind": kind, "slug": slug, "path": str(project.sources[kind, slug].path)} for kind, slug in keys]
    door.out.show({"valid": True, "checked": checked}, lambda: "")
    count = f"{len(keys)} definition{'s' if len(keys) != 1 else ''}"
    door.say.note(f"{count} checked, nothing wrong." if keys else "There are no definitions here.")
