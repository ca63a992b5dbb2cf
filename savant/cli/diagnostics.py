"""Talk: progress, warnings, questions and errors. The one place that writes stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from savant.cli.output import paint, style, visible, wants_color

if TYPE_CHECKING:
    from rich.console import Console

    from savant.errors import SavantError


class Diagnostics:
    """What is said to the person at the terminal; `quiet` leaves errors and questions only."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False, color: bool = True) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.terminal = _is_terminal(2)
        self.color = self.terminal and color and wants_color()
        self.interactive = self.terminal and _is_terminal(0)

    @property
    def live(self) -> bool:
        """Whether lines may be drawn over: a real terminal that wants it."""
        animate = os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("CI")
        return self.terminal and animate and not self.quiet

    def error(self, error: SavantError) -> None:
        """One line for each thing that is wrong, and what to do about it."""
        for each in getattr(error, "errors", None) or [error]:
            self._write(f"{style('error:', 'red')} {one_line(str(each))}")

    def warning(self, text: str) -> None:
        if not self.quiet:
            self._write(f"{style('warning:', 'yellow')} {one_line(text)}")

    def note(self, text: str) -> None:
        """Something good to know."""
        if not self.quiet:
            self._write(text)

    def detail(self, text: str) -> None:
        """Something only -v wants to know."""
        if self.verbose and not self.quiet:
            self._write(style(text, "dim"))

    def ask(self, question: str) -> str | None:
        """The person's answer, stripped; None without a terminal, or at the end of input."""
        if not self.interactive:
            return None
        self._write(f"{question} ", end="")
        answer = sys.stdin.readline()
        return answer.strip() if answer else None

    def ask_hidden(self, question: str) -> str | None:
        """The same for what must not be seen on the screen."""
        if not self.interactive:
            return None
        import getpass

        try:
            return getpass.getpass(f"{question} ").strip()
        except EOFError:
            return None

    def prompt(self, text: str) -> None:
        """What stands before the place where the person types."""
        self._write(style(text, "bold"), end="")

    def confirm(self, question: str) -> bool:
        """Whether the person said yes; anything else is no."""
        return (self.ask(f"{question} [y/N]") or "").lower() in ("y", "yes")

    def console(self) -> Console:
        """A rich console on stderr, for what is drawn live."""
        from rich.console import Console

        return Console(stderr=True, no_color=not self.color, highlight=False)

    def _write(self, text: str, end: str = "\n") -> None:
        try:
            sys.stderr.write(paint(visible(text) if self.terminal else text, color=self.color) + end)
            sys.stderr.flush()
        except (OSError, ValueError):
            # Nobody listens; that is no reason to fail the work.
            return


def one_line(text: str) -> str:
    """The text with its line breaks as spaces."""
    return " ".join(text.split())


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
