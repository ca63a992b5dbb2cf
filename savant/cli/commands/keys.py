"""`savant keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app, "list")
async def list_(door: Door) -> None:
    """List the API keys that can be used here; their secrets are never shown again."""
    from savant.cli import listing, tables

    async with door.connect() as client:
        found = await client.api_keys.list()
    listing.show(
        door,
        found,
        ["ID", "NAME", "BEGINS", "SCOPES", "UNTIL", "USED"],
        lambda key: [
            str(key.id), key.name, key.prefix, "all" if key.scopes is None else " ".join(key.scopes),
            f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "for ever",
            tables.age(key.last_used_at) if key.last_used_at else "never",
        ],
        none="There is no key.",
    )  # fmt: skip


@command(app)
async def create(
    door: Door,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="SCOPE", help="Only this, as runs:execute; repeatable.")
    ] = None,
    days: Annotated[float, typer.Option("--days", metavar="N", help="Good for so many days; 0 is for ever.")] = 365,
) -> None:
    """Make an API key: prints it, this once. `savant policies` lists the scopes."""
    import msgspec

    from savant.errors import ErrorCode, SavantError
    from savant.schemas.keys import ApiKeyCreate

    try:
        wanted = msgspec.convert({"name": name, "scopes": scope or None, "days": days or None}, ApiKeyCreate)
    except msgspec.ValidationError as error:
        raise SavantError(ErrorCode.USAGE, f"{error}.", hint="`savant policies` lists the scopes.") from None
    async with door.connect() as client:
        made = await client.api_keys.create(wanted)
    door.out.show(made, lambda: made.key or "")


@command(app)
async def delete(door: Door, id: Annotated[int, typer.Argument(metavar="ID", help="The key.")]) -> None:
    """Revoke a key; whatever uses it is refused from then on."""
    async with door.connect() as client:
        await client.api_keys.delete(id)
    door.out.show({"id": id, "deleted": True}, lambda: "")
    door.say.note(f"Key {id} is revoked.")
