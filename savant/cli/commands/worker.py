"""`savant worker`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.commands.serve import become
from savant.cli.door import Door

app = group()


@command(app)
def worker(
    door: Door,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="So many jobs at a time.")] = 10,
) -> None:
    """Do the jobs of a server, on as many machines as you like; needs its DATABASE_URL."""
    become(door, "worker", "--concurrency", str(concurrency))
