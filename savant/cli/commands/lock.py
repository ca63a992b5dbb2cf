"""`savant lock`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
def lock(
    door: Door,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 6 and say what drifted.")] = False,
) -> int:
    """Write savant.lock: models, and hashes of prompts, rules and tools, so that a change of them is seen."""
    from savant.client.locking import NAME, drift, dump, locked, read
    from savant.client.project import Project
    from savant.errors import ErrorCode, ExitCode, SavantError

    project = Project.find(door.cwd)
    if project is None:
        raise SavantError(
            ErrorCode.USAGE, f"There is no project in {door.cwd} or above.", hint="Start one: savant init"
        )
    file = project.root / NAME
    now = locked(project, door.settings)
    if not check:
        file.write_text(dump(now), encoding="utf-8")
        door.out.show({"file": str(file), "lock": now}, lambda: "")
        door.say.note(f"Wrote {file}.")
        return ExitCode.DONE
    changes = drift(read(file), now)
    door.out.show({"drift": changes}, lambda: "\n".join(changes))
    if not changes:
        door.say.note(f"{NAME} is as things are.")
        return ExitCode.DONE
    message = f"{len(changes)} things are not as {NAME} says."
    door.say.error(SavantError(ErrorCode.DIVERGENCE, message, hint="If that is meant to be: savant lock"))
    return ExitCode.DIVERGED
