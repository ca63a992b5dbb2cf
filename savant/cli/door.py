"""What every command is given: the settings, the client, and somewhere to print."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from savant.cli.diagnostics import Diagnostics
from savant.cli.output import Output

if TYPE_CHECKING:
    from savant.client import Client
    from savant.settings import Settings

FORMATS = ("text", "json", "jsonl", "markdown", "junit", "sarif", "github")


class Terminated(BaseException):
    """SIGTERM came, and everything was unwound."""


class Door:
    """One invocation of the command line. `arguments` are read ahead, so that even a usage error is in form.

    `run_id` is the run it carries out, and `leaving` what to say if it is interrupted.
    """

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments
        self.run_id: int | None = None
        self.leaving: str | None = None
        self.flags: dict[str, Any] = {}
        self.say = Diagnostics()
        self.out = Output(ahead(arguments))
        self._settings: Settings | None = None

    @property
    def environ(self) -> Mapping[str, str]:
        return os.environ

    @property
    def cwd(self) -> Path:
        return Path.cwd()

    @property
    def home(self) -> Path:
        """The folder for data, known even where the settings are broken."""
        from savant.settings import places

        return places(self.environ).home

    @property
    def settings(self) -> Settings:
        """All settings, read once; what is odd about them is said once."""
        if self._settings is None:
            from savant.settings import load

            self._settings = load(self.cwd, os.environ, self.flags)
            for warning in self._settings.warnings:
                self.say.warning(warning)
        return self._settings

    @property
    def root(self) -> str | None:
        """The folder that runs work in. A server has repositories of its workspace; a path here means nothing there."""
        return None if self.settings.url else str(self.settings.project or self.cwd)

    def connect(self) -> Client:
        from savant.client import connect

        return connect(self.settings)

    def open(
        self, *, format: str | None, file: Path | None, quiet: bool, verbose: bool, color: bool, directory: Path | None
    ) -> None:
        """Take up the options every command has."""
        self.say = Diagnostics(quiet=quiet, verbose=verbose, color=color)
        target = None if file is None else file.absolute()
        if directory is not None:
            _enter(directory)
        self.flags["output"] = format
        self.out = Output(format or self.out.format, target, color=None if color else False)


def ahead(arguments: list[str]) -> str:
    """The output format that the raw arguments and the environment ask for."""
    chosen = os.environ.get("SAVANT_OUTPUT", "text")
    for index, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--json":
            chosen = "json"
        elif argument == "--output" and index + 1 < len(arguments):
            chosen = arguments[index + 1]
        elif argument.startswith("--output="):
            chosen = argument.removeprefix("--output=")
    return chosen if chosen in FORMATS else "text"


def _enter(directory: Path) -> None:
    from savant.errors import ErrorCode, SavantError

    try:
        os.chdir(directory)
    except OSError as error:
        raise SavantError(ErrorCode.USAGE, f"Cannot enter {directory}: {error.strerror}.") from error
