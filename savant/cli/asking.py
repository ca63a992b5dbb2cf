"""Questions before something is lost."""

from __future__ import annotations

import sys
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


def secret(door: Door, given: str | None, question: str) -> str:
    """What was given (`-` is standard input), what the person types unseen, or what standard input has."""
    if given not in (None, "-"):
        return given
    unseen = given is None and door.say.interactive
    text = door.say.ask_hidden(question) if unseen else sys.stdin.readline().strip()
    if not text:
        hint = "Give it on standard input, or type it at a terminal."
        raise SavantError(ErrorCode.USAGE, f"Nothing was given for: {question.rstrip(':')}.", hint=hint)
    return text


def _leave(door: Door) -> NoReturn:
    door.say.note("Nothing was changed.")
    raise typer.Exit(0)
