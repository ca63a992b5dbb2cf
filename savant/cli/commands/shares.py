"""`savant shares`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()
Kind = Literal["agent", "workflow", "persona", "ruleset"]
Permission = Literal["view", "edit", "execute", "admin"]
With = Literal["user", "team", "public", "link"]


@command(app, "list")
async def list_(door: Door) -> None:
    """List what is shared, with whom, and until when."""
    from savant.cli import listing

    async with door.connect() as client:
        found = await client.shares.list()
    listing.show(
        door,
        found,
        ["ID", "WHAT", "WITH", "MAY", "UNTIL"],
        lambda each: [
            str(each.id), f"{each.type}/{each.ref}",
            each.with_type if each.with_id is None else f"{each.with_type} {each.with_id}", each.permission,
            f"{each.expires_at:%Y-%m-%d %H:%M}" if each.expires_at else "for ever",
        ],
        none="Nothing is shared.",
    )  # fmt: skip


@command(app)
async def create(
    door: Door,
    kind: Annotated[Kind, typer.Argument(help="What it is.")],
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Which one.")],
    to: Annotated[With, typer.Option("--with", help="With whom.")] = "team",
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="The user.")] = None,
    permission: Annotated[Permission, typer.Option("--may", help="What they may do.")] = "view",
    days: Annotated[float | None, typer.Option("--days", metavar="N", help="For so many days; else for good.")] = None,
) -> None:
    """Share a definition; a link's token is printed, this once."""
    from savant.schemas.shares import ShareCreate

    wanted = ShareCreate(type=kind, ref=slug, with_type=to, email=email, permission=permission, days=days)
    async with door.connect() as client:
        made = await client.shares.create(wanted)
    door.out.show(made, lambda: made.token or "")
    door.say.note(f"{kind} {slug} is shared; take it back with: savant shares delete {made.id}")


@command(app)
async def delete(door: Door, id: Annotated[int, typer.Argument(metavar="ID", help="The share.")]) -> None:
    """Take back what was shared."""
    async with door.connect() as client:
        await client.shares.delete(id)
    door.out.show({"id": id, "deleted": True}, lambda: "")
    door.say.note("It is no longer shared.")
