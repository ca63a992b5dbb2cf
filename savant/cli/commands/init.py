"""`savant init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app, configured=False)
def init(
    door: Door,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; this folder if not given.")] = Path(),
) -> None:
    """Set up a project: an agent, a workflow, a persona and a ruleset to start from. Nothing is overwritten."""
    from savant.cli.scaffold import FILES
    from savant.settings.trust import is_trusted, trust

    root = folder.absolute()
    home = door.home
    fresh = not (root / "savant.toml").exists()
    made: list[str] = []
    kept: list[str] = []
    for name, text in FILES.items():
        (made if _write(root / name, text) else kept).append(name)
    if fresh:
        trust(home, root)
    door.out.show(
        {"project": str(root), "created": made, "kept": kept, "trusted": fresh or is_trusted(home, root)},
        lambda: "\n".join([*(f"created {name}" for name in made), *(f"kept    {name}" for name in kept)]),
    )
    where = f"cd {folder} && " if folder != Path() else ""
    door.say.note(f"\nNext: {where}savant validate\n      savant run latest-changes\n      savant doctor")


def _write(file: Path, text: str) -> bool:
    """Whether the file was written; one that is there stays as it is."""
    from savant.errors import ErrorCode, SavantError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise SavantError(ErrorCode.USAGE, f"Cannot write {file}: {error.strerror}.") from error
    return True
