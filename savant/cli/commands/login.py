"""`savant login`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
async def login(
    door: Door,
    url: Annotated[str, typer.Argument(metavar="URL", help="The server's address.")],
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="An API key; `-` reads it from standard input.")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="Sign in with a password, which makes a key.")
    ] = None,
    once: Annotated[
        str | None, typer.Option("--once", metavar="TOKEN", help="Sign in with a token that is good once.")
    ] = None,
    name: Annotated[str | None, typer.Option("--as", metavar="PROFILE", help="Call the server so.")] = None,
) -> None:
    """Sign in to a server: from now on commands go there, until `savant profile use local`."""
    from savant.cli import profiles
    from savant.client import connect
    from savant.settings import credentials

    profiles.check_url(url)
    given = await _key(door, url, key, email, once)
    settings = profiles.at(door.settings, url, given)
    async with connect(settings) as client:
        me = await client.me.get()
    credentials.keep(door.settings.home, url, given)
    profile = profiles.add(door, url, name)
    door.out.show({"url": url, "profile": profile, "me": me}, lambda: "")
    door.say.note(f"Signed in to {url} as {me.email}, {me.role} of {me.team}/{me.workspace}; profile `{profile}`.")


async def _key(door: Door, url: str, key: str | None, email: str | None, once: str | None) -> str:
    """The key that is given, or one made with what is known instead."""
    from savant.cli import asking
    from savant.client.signing import key_for_password, key_for_token
    from savant.errors import ErrorCode, SavantError

    if sum(given is not None for given in (key, email, once)) > 1:
        raise SavantError(ErrorCode.USAGE, "--key, --email and --once exclude each other.")
    if once is not None:
        return await key_for_token(url, asking.secret(door, once, "Token:"))
    if email is not None:
        return await key_for_password(url, email, asking.secret(door, None, f"Password of {email}:"))
    return asking.secret(door, key, "API key:")
