"""`savant workspaces`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client
    from savant.schemas.people import Workspace

app = group()
Ref = Annotated[str, typer.Argument(metavar="TEAM/WORKSPACE", help="The workspace.")]


@command(app, "list")
async def list_(door: Door) -> None:
    """List the workspaces of your teams; the one in use is marked."""
    from savant.cli import listing

    async with door.connect() as client:
        me = await client.me.get()
        found = await client.workspaces.list()
    listing.show(
        door,
        found,
        ["", "WORKSPACE", "NAME"],
        lambda each: ["*" if each.id == me.workspace_id else "", f"{each.team}/{each.slug}", each.name],
        none="There is no workspace.",
    )


@command(app)
async def create(door: Door, name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]) -> None:
    """Make a workspace in the team in use."""
    from savant.schemas.people import WorkspaceCreate

    async with door.connect() as client:
        made = await client.workspaces.create(WorkspaceCreate(name=name))
    door.out.show(made, lambda: f"{made.team}/{made.slug}")


@command(app)
async def use(door: Door, ref: Ref) -> None:
    """Work in a workspace from now on."""
    from savant.cli import profiles
    from savant.errors import ErrorCode, SavantError

    if door.settings.url is None:
        raise SavantError(ErrorCode.USAGE, "This machine has one workspace.", hint="Sign in: savant login URL")
    async with door.connect() as client:
        await _find(client, ref)
    profiles.set_workspace(door, ref)
    door.out.show({"workspace": ref}, lambda: "")
    door.say.note(f"Commands work in {ref} from now on.")


@command(app)
async def delete(
    door: Door, ref: Ref, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Delete a workspace and everything in it but its audit log."""
    from savant.cli.asking import sure

    async with door.connect() as client:
        workspace = await _find(client, ref)
        sure(door, f"Delete {ref} with everything in it?", yes=yes)
        await client.workspaces.delete(workspace.id)
    door.out.show({"workspace": ref, "deleted": True}, lambda: "")
    door.say.note(f"Deleted {ref}.")


async def _find(client: Client, ref: str) -> Workspace:
    from savant.errors import ErrorCode, SavantError

    found = await client.workspaces.list()
    for each in found:
        if f"{each.team}/{each.slug}" == ref:
            return each
    names = ", ".join(f"{each.team}/{each.slug}" for each in found)
    raise SavantError(ErrorCode.NOT_FOUND, f"There is no workspace `{ref}`.", hint=f"There are: {names}.")
