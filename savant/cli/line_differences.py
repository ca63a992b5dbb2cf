"""Two texts, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from savant.cli.output import style


def unified(old: str, new: str, old_name: str, new_name: str) -> list[str]:
    """The lines of a unified diff; none if the texts are equal."""
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm=""))


def painted(lines: Sequence[str]) -> list[str]:
    """The same with what went in red and what came in green."""
    return [_paint(line) for line in lines]


def _paint(line: str) -> str:
    if line.startswith(("---", "+++")):
        return style(line, "bold")
    if line.startswith("@@"):
        return style(line, "cyan")
    if line.startswith(("+", "-")):
        return style(line, "green" if line[0] == "+" else "red")
    return line
