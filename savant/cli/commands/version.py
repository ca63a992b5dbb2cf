"""`savant version`."""

from __future__ import annotations

import typer

from savant import __version__
from savant.cli.command import command
from savant.cli.door import Door

app = typer.Typer(rich_markup_mode=None)


@command(app)
def version(door: Door) -> None:
    """Print the version."""
    import platform

    facts = {"savant": __version__, "python": platform.python_version()}
    door.out.show(facts, lambda: f"savant {__version__}")
