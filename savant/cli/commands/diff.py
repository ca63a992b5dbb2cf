"""`savant diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door
from savant.errors import ExitCode

if TYPE_CHECKING:
    from savant.client.differences import Difference

app = group()
WORDS = {"only_in_files": "only in files", "only_in_workspace": "only in the workspace", "differs": "differs"}


@command(app)
async def diff(
    door: Door,
    paths: Annotated[list[Path] | None, typer.Option("--file", "-f", metavar="PATH", help="Only these.")] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 6 if anything differs.")] = False,
) -> int:
    """Show how the project's files and the workspace differ; `apply` and `export` bring them together."""
    from savant.client.differences import differences, unequal
    from savant.client.files import named

    project, keys = named(paths or [], door.cwd)
    async with door.connect() as client:
        found = [*unequal(await differences(client, project, keys, whole=not paths))]
    door.out.show({"items": found}, lambda: _text(found), lambda: f"```diff\n{_text(found, plain=True)}\n```")
    if not found:
        door.say.note("Files and workspace are the same.")
    return ExitCode.DIVERGED if found and exit_code else ExitCode.DONE


def _text(found: list[Difference], *, plain: bool = False) -> str:
    from savant.cli.line_differences import painted, unified

    lines: list[str] = []
    for each in found:
        lines.append(f"{each.kind} {each.slug}: {WORDS[each.change]}")
        changed = unified(each.stored or "", each.file or "", "workspace", each.path or "files")
        lines += changed if plain else painted(changed)
    return "\n".join(lines)
