"""`savant invitations`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.people import Invitation

app = group()
Role = Literal["owner", "admin", "member", "viewer"]


@command(app, "list")
async def list_(door: Door) -> None:
    """List the invitations that nobody has accepted yet."""
    from savant.cli import listing

    async with door.connect() as client:
        found = await client.invitations.list()
    listing.show(
        door,
        found,
        ["ID", "FOR", "ROLE", "UNTIL"],
        lambda each: [str(each.id), each.email or "whoever has it", each.role, f"{each.expires_at:%Y-%m-%d}"],
        none="Nobody is invited.",
    )


@command(app)
async def create(
    door: Door,
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="Only for this address.")] = None,
    role: Annotated[Role, typer.Option("--role", help="As what.")] = "member",
    days: Annotated[float, typer.Option("--days", metavar="N", help="Good for so many days.")] = 7,
) -> None:
    """Invite somebody: prints a token, which is shown this once; whoever accepts with it is a member."""
    from savant.schemas.people import InvitationCreate

    async with door.connect() as client:
        invitation = await client.invitations.create(InvitationCreate(email=email, role=role, days=days))
    made(door, invitation)


@command(app)
async def accept(
    door: Door,
    url: Annotated[str, typer.Argument(metavar="URL", help="The server's address.")],
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="The invitation's token.")],
    email: Annotated[str, typer.Option("--email", metavar="EMAIL", help="Your address.")],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Your name, if you are new.")] = None,
) -> None:
    """Accept an invitation with a new account, or your own; asks for its password. Then: savant login."""
    from savant.cli import asking, profiles
    from savant.client.signing import accept

    profiles.check_url(url)
    password = asking.secret(door, None, f"Password of {email}:")
    await accept(url, {"token": token, "email": email, "password": password, **({"name": name} if name else {})})
    door.out.show({"url": url, "email": email}, lambda: "")
    door.say.note(f"You are a member. Sign in: savant login {url} --email {email}")


@command(app)
async def delete(door: Door, id: Annotated[int, typer.Argument(metavar="ID", help="The invitation.")]) -> None:
    """Withdraw an invitation."""
    async with door.connect() as client:
        await client.invitations.delete(id)
    door.out.show({"id": id, "deleted": True}, lambda: "")
    door.say.note("The invitation is withdrawn.")


def made(door: Door, invitation: Invitation) -> None:
    """The token on stdout, and how to use it beside."""
    door.out.show(invitation, lambda: invitation.token or "")
    url = door.settings.url or "URL"
    door.say.note(f"To accept: savant invitations accept {url} TOKEN --email {invitation.email or 'EMAIL'}")
