"""`savant teams`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client
    from savant.schemas.people import Team

app = group()
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The team.")]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")]


@command(app, "list")
async def list_(door: Door) -> None:
    """List the teams you are in."""
    from savant.cli import listing, tables

    async with door.connect() as client:
        found = await client.teams.list()
    listing.show(
        door,
        found,
        ["SLUG", "NAME", "ROLE", "SINCE"],
        lambda team: [team.slug, team.name, team.role, tables.age(team.created_at)],
        none="You are in no team.",
    )


@command(app)
async def create(
    door: Door, name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")], description: Description = None
) -> None:
    """Make a team with a workspace `main`; you are its owner."""
    from savant.schemas.people import TeamCreate

    async with door.connect() as client:
        team = await client.teams.create(TeamCreate(name=name, description=description))
    door.out.show(team, lambda: team.slug)
    door.say.note(f"Work there: savant workspaces use {team.slug}/main")


@command(app)
async def edit(
    door: Door,
    slug: Slug,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its new name.")] = None,
    description: Description = None,
) -> None:
    """Change a team's name or description."""
    from msgspec import UNSET

    from savant.schemas.people import TeamUpdate

    async with door.connect() as client:
        change = TeamUpdate(
            name=UNSET if name is None else name, description=UNSET if description is None else description
        )
        team = await client.teams.update((await find(client, slug)).id, change)
    door.out.show(team, lambda: "")
    door.say.note(f"Changed {team.slug}.")


@command(app)
async def delete(
    door: Door, slug: Slug, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Delete a team with all its workspaces and everything in them."""
    from savant.cli.asking import sure

    async with door.connect() as client:
        team = await find(client, slug)
        sure(door, f"Delete the team {slug} with everything in it?", yes=yes)
        await client.teams.delete(team.id)
    door.out.show({"slug": slug, "deleted": True}, lambda: "")
    door.say.note(f"Deleted {slug}.")


async def find(client: Client, slug: str | None) -> Team:
    """A team by its slug; without one, the team in use."""
    from savant.errors import ErrorCode, SavantError

    slug = slug or (await client.me.get()).team
    teams = await client.teams.list()
    for team in teams:
        if team.slug == slug:
            return team
    names = ", ".join(team.slug for team in teams)
    raise SavantError(ErrorCode.NOT_FOUND, f"You are in no team `{slug}`.", hint=f"You are in: {names}.")
