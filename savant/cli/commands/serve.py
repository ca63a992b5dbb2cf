"""`savant serve`."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()
PORT = 7282


@command(app)
def serve(
    door: Door,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Listen on this address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Listen on this port.")] = PORT,
    workers: Annotated[int, typer.Option(min=1, max=64, help="So many processes answer requests.")] = 1,
    first_owner: Annotated[
        bool, typer.Option("--first-owner", help="With DATABASE_URL, print once how the first owner signs in.")
    ] = False,
) -> None:
    """Serve a team over HTTP.

    With DATABASE_URL it is a production server over that Postgres. Without, it brings one along for this machine,
    makes its first owner and runs a worker beside itself.
    """
    become(
        door,
        "serve",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        *(["--first-owner"] if first_owner else []),
    )


def become(door: Door, *arguments: str) -> NoReturn:
    """Go on as the server, in this very process, so that signals and the exit code are its own."""
    import os
    import sys

    door.out.close(done=True)
    os.execv(sys.executable, [sys.executable, "-m", "savant.server", *arguments])
