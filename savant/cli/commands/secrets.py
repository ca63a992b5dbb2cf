"""`savant secrets`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name: letters, digits and _.")]


@command(app, "list")
async def list_(door: Door) -> None:
    """List the secrets by name; their values are never shown."""
    from savant.cli import tables

    async with door.connect() as client:
        found = await client.secrets.list()
    headings = ["NAME", "CHANGED", "KEY"]
    rows = [[each.name, tables.age(each.updated_at), each.key_id] for each in found]
    door.out.show(
        {"items": found},
        lambda: tables.table(headings, rows) if rows else "",
        lambda: tables.markdown_table(headings, rows),
    )
    if not rows:
        door.say.note("There is no secret. Set one: savant secrets set NAME")


@command(app, "set")
async def set_(
    door: Door,
    name: Name,
    stdin: Annotated[str | None, typer.Argument(metavar="-", help="Read the value from standard input.")] = None,
    from_env: Annotated[
        str | None, typer.Option("--from-env", metavar="VAR", help="Read the value from this environment variable.")
    ] = None,
) -> None:
    """Set a secret: asks for its value on a terminal; never give it on the command line, where others can see it."""
    import msgspec

    from savant.errors import ErrorCode, SavantError
    from savant.schemas.secrets import LEAST, SecretSet

    value = _value(door, name, stdin, from_env)
    try:
        given = msgspec.convert({"name": name, "value": value}, SecretSet)
    except msgspec.ValidationError as error:
        wrong = f"`{name}` is no name for a secret" if str(error).endswith("$.name`") else "That is no value for it"
        hint = f"A name is of letters, digits and _; a value has {LEAST} to 65536 characters."
        raise SavantError(ErrorCode.VALIDATION, f"{wrong}.", hint=hint) from None
    async with door.connect() as client:
        secret = await client.secrets.set(given)
    door.out.show(secret, lambda: "")
    door.say.note(f"Set. Tools of workflows are given it as ${{{{ secrets.{name} }}}}.")


@command(app)
async def remove(door: Door, name: Name) -> None:
    """Forget a secret."""
    async with door.connect() as client:
        await client.secrets.delete(name)
    door.out.show({"removed": name}, lambda: "")
    door.say.note("It is forgotten.")


@command(app, "rotate-key")
async def rotate_key(
    door: Door,
    forget: Annotated[
        bool, typer.Option("--forget-old", help="Throw older keys away: secrets in old backups stay closed.")
    ] = False,
) -> None:
    """Seal all secrets of this installation with a new key."""
    async with door.connect() as client:
        rotation = await client.secrets.rotate_key(forget=forget)
    door.out.show(rotation, lambda: "")
    count = rotation.resealed
    door.say.note(f"Sealed {count} secret{'' if count == 1 else 's'} anew; the key is now {rotation.key_id}.")
    if rotation.unopened:
        door.say.warning(f"No key opens these; set them again: {', '.join(rotation.unopened)}.")


def _value(door: Door, name: str, stdin: str | None, from_env: str | None) -> str:
    """The value from wherever it was said to be; never from the command line itself."""
    from savant.cli.inputs import piped
    from savant.errors import ErrorCode, SavantError

    if stdin not in (None, "-"):
        hint = f"Say `savant secrets set {name} -` and give it on standard input, or use --from-env."
        raise SavantError(ErrorCode.USAGE, "A secret's value does not belong on the command line.", hint=hint)
    if from_env is not None:
        if stdin is not None:
            raise SavantError(ErrorCode.USAGE, "Read it from standard input or from a variable, not both.")
        if not (value := os.environ.get(from_env)):
            raise SavantError(ErrorCode.USAGE, f"The environment variable {from_env} is not set.")
        return value
    if stdin == "-":
        return piped().removesuffix("\n").removesuffix("\r")
    value = door.say.ask_hidden(f"The value of {name} (it is not shown):")
    if value is None:
        hint = f"Say `savant secrets set {name} -` and give it on standard input, or use --from-env."
        raise SavantError(ErrorCode.USAGE, "Nobody is here to be asked for the value.", hint=hint)
    return value
