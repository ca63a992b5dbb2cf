"""`savant logout`."""

from __future__ import annotations

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
async def logout(door: Door) -> None:
    """Forget the key to the server in use, after it was revoked there, and work on this machine again."""
    from savant.cli import profiles
    from savant.errors import ErrorCode, SavantError
    from savant.settings import credentials

    url = door.settings.url
    if url is None:
        raise SavantError(ErrorCode.USAGE, "You are signed in to no server.", hint="See `savant profile list`.")
    await _revoke(door)
    forgotten = credentials.forget(door.settings.home, url)
    profiles.use(door, profiles.LOCAL)
    door.out.show({"url": url, "forgotten": forgotten}, lambda: "")
    door.say.note(f"The key to {url} is forgotten." if forgotten else f"There was no key to {url} to forget.")


async def _revoke(door: Door) -> None:
    """Best done by the key itself, in its own workspace; a server that is away is no reason to keep it here."""
    from msgspec.structs import replace

    from savant.client import connect
    from savant.errors import SavantError

    try:
        async with connect(replace(door.settings, workspace=None)) as client:
            me = await client.me.get()
            if me.api_key_id is not None:
                await client.api_keys.delete(me.api_key_id)
    except SavantError as error:
        door.say.warning(f"The key was not revoked: {error}")
