"""`savant index`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
async def index(
    door: Door,
    target: Annotated[str, typer.Argument(metavar="PATH|URL|SLUG", help="This folder's, without it.")] = ".",
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and follow every change until interrupted.")] = False,
) -> None:
    """Index a repository, so that it can be searched; only what changed is read again."""
    from savant.cli import indexing

    async with door.connect() as client:
        repository = await client.repositories.locate(target)
        await indexing.index(door, client, repository, full=full)
        if watch:
            await indexing.watch(door, client, repository)
