"""`savant chat`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
async def chat(
    door: Door,
    ref: Annotated[str, typer.Argument(metavar="AGENT", help="The slug of an agent, or its YAML file.")],
    go_on: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the last conversation.")] = False,
    conversation: Annotated[
        int | None, typer.Option("--conversation", metavar="ID", help="Go on with this conversation.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="Another model.")] = None,
) -> int:
    """Talk with an agent; every turn is a run.

    Ctrl-C stops the turn and not the conversation. `/help` lists what else can be typed. Without a terminal each line
    of stdin is a turn, and the first turn that fails ends it.
    """
    from savant.cli.chatting import Chat
    from savant.client.placing import placed
    from savant.client.project import resolve
    from savant.errors import ErrorCode, SavantError

    if door.out.format != "text":
        raise SavantError(ErrorCode.USAGE, "A conversation is text.", hint="`savant run` has other forms.")
    async with door.connect() as client:
        found = await resolve(ref if ref.endswith((".yaml", ".yml")) else f"agent/{ref}", door.cwd, client)
        if found.type != "agent":
            raise SavantError(ErrorCode.USAGE, f"`{ref}` is a workflow; only with agents can be talked.")
        with placed(found.project):
            talk = await Chat.open(door, client, found, conversation, go_on=go_on, model=model)
            return await talk.hold()
