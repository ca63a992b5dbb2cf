"""`savant members`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client
    from savant.schemas.people import Member

app = group()
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Their address.")]
Role = Literal["owner", "admin", "member", "viewer"]
Team = Annotated[str | None, typer.Option("--team", metavar="SLUG", help="Another team than the one in use.")]


@command(app, "list")
async def list_(door: Door, team: Team = None) -> None:
    """List who is in the team."""
    from savant.cli import listing, tables
    from savant.cli.commands.teams import find

    async with door.connect() as client:
        found = await client.members.list((await find(client, team)).id)
    listing.show(
        door,
        found,
        ["EMAIL", "NAME", "ROLE", "SINCE"],
        lambda each: [each.email, each.name or "", each.role, tables.age(each.created_at)],
        none="Nobody is in it.",
    )


@command(app)
async def add(
    door: Door,
    email: Email,
    role: Annotated[Role, typer.Option("--role", help="As what.")] = "member",
    team: Team = None,
) -> None:
    """Ask somebody in: prints the token of the invitation, which is shown this once."""
    from savant.cli.commands.invitations import made
    from savant.cli.commands.teams import find
    from savant.schemas.people import MemberAdd

    async with door.connect() as client:
        invitation = await client.members.add((await find(client, team)).id, MemberAdd(email=email, role=role))
    made(door, invitation)


@command(app, "set-role")
async def set_role(
    door: Door, email: Email, role: Annotated[Role, typer.Argument(help="As what.")], team: Team = None
) -> None:
    """Make somebody an owner, admin, member or viewer."""
    from savant.cli.commands.teams import find
    from savant.schemas.people import MemberUpdate

    async with door.connect() as client:
        id = (await find(client, team)).id
        member = await client.members.update(id, (await _find(client, id, email)).user_id, MemberUpdate(role=role))
    door.out.show(member, lambda: "")
    door.say.note(f"{email} is {role} now.")


@command(app)
async def remove(
    door: Door,
    email: Email,
    team: Team = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take somebody out of the team; what they made stays."""
    from savant.cli.asking import sure
    from savant.cli.commands.teams import find

    async with door.connect() as client:
        id = (await find(client, team)).id
        member = await _find(client, id, email)
        sure(door, f"Take {email} out of the team?", yes=yes)
        await client.members.remove(id, member.user_id)
    door.out.show({"email": email, "removed": True}, lambda: "")
    door.say.note(f"{email} is no longer in the team.")


async def _find(client: Client, team_id: int, email: str) -> Member:
    from savant.errors import ErrorCode, SavantError

    for member in await client.members.list(team_id):
        if member.email == email.lower():
            return member
    raise SavantError(ErrorCode.NOT_FOUND, f"`{email}` is not in the team.", hint="See `savant members list`.")
