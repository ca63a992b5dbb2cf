"""`savant whoami`."""

from __future__ import annotations

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
async def whoami(door: Door) -> None:
    """Show who you are, where, and as what."""
    async with door.connect() as client:
        me = await client.me.get()
    where = door.settings.url or "this machine"
    scopes = "" if me.scopes is None else f"\nscopes: {', '.join(me.scopes)}"
    door.out.show(
        {"url": door.settings.url, "profile": door.settings.profile, "me": me},
        lambda: f"{me.email}\nat: {where}\nworkspace: {me.team}/{me.workspace}\nrole: {me.role}{scopes}",
    )
