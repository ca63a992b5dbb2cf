"""`savant jobs`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app, "list")
async def list_(door: Door) -> None:
    """List the jobs that failed so often that nobody tries them again."""
    from savant.cli import listing

    async with door.connect() as client:
        found = await client.jobs.list()
    listing.show(
        door,
        found,
        ["ID", "JOB", "OF", "ATTEMPTS"],
        lambda each: [
            str(each.id),
            each.name,
            " ".join(f"{name}={value}" for name, value in each.arguments.items()),
            str(each.attempts),
        ],
        none="No job is dead.",
    )


@command(app)
async def retry(door: Door, id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Have a dead job tried again."""
    async with door.connect() as client:
        job = await client.jobs.retry(id)
    door.out.show(job, lambda: str(job.id))


@command(app)
async def status(door: Door) -> None:
    """Print how many workers live, and how many runs of the workspace are under way."""
    async with door.connect() as client:
        found = await client.jobs.status()
    door.out.show(found, lambda: f"{found.workers} workers, {found.taken} of {found.slots} runs under way")
    if not found.workers and door.settings.url is not None:
        from savant.cli.waiting import NO_WORKER

        door.say.warning(NO_WORKER)
