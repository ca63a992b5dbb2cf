"""Questions before something is lost."""

from __future__ import annotations

from typing import NoReturn

import typer

from savant.cli.door import Door
from savant.errors import ErrorCode, SavantError


def sure(door: Door, question: str, *, yes: bool) -> None:
    """Return if the person is sure; without a terminal only `--yes` counts."""
    if yes:
        return
    if not door.say.interactive:
        raise SavantError(ErrorCode.USAGE, "Nobody is here to be asked.", hint="Say --yes if you are sure.")
    if not door.say.confirm(question):
        _leave(door)


def _leave(door: Door) -> NoReturn:
    door.say.note("Nothing was changed.")
    raise typer.Exit(0)
