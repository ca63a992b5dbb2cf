"""`savant profile`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app, "list")
def list_(door: Door) -> None:
    """List the profiles; the one in use is marked."""
    from savant.cli import listing, profiles

    current = door.settings.profile or profiles.LOCAL
    every = {profiles.LOCAL: None, **profiles.known(door)}
    items = [{"name": name, "url": url, "in_use": name == current} for name, url in every.items()]
    listing.show(
        door,
        items,
        ["", "NAME", "SERVER"],
        lambda each: ["*" if each["in_use"] else "", str(each["name"]), str(each["url"] or "this machine")],
        none="",
    )


@command(app, configured=False)
def use(door: Door, name: Annotated[str, typer.Argument(metavar="NAME", help="A profile, or `local`.")]) -> None:
    """Use a profile from now on; `local` is this machine."""
    from savant.cli import profiles

    profiles.use(door, name)
    door.out.show({"profile": name}, lambda: "")
    door.say.note(f"Commands go to {profiles.known(door).get(name) or 'this machine'} from now on.")
