"""Every command line that a page or a help shows is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from savant.cli.app import app
from savant.cli.examples import EXAMPLES
from savant.cli.reference import paths

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(savant [a-z][^`]*)`")
# What stands after the words of a command: its output, a comment, another command.
REST = re.compile(r"\s{2,}.*|\s+#.*|;.*|\s+\\?[|>&].*")
NOT_A_LINE = re.compile(r"[a-z]\|[a-z]|\.\.\.|\$\{\{")


def shown() -> Iterator[tuple[str, str, bool]]:
    """The command lines in blocks, which are whole, and those in sentences; where they stand."""
    for page in PAGES:
        text = page.read_text()
        for block in FENCED.findall(text):
            for line in block.splitlines():
                if line.removeprefix("$ ").startswith("savant "):
                    yield page.name, line.removeprefix("$ "), True
        for line in INLINE.findall(re.sub(r"^### .*", "", FENCED.sub("", text), flags=re.MULTILINE)):
            yield page.name, line, False
    for lines in EXAMPLES.values():
        yield from (("examples", line.partition(" | ")[2] or line, True) for line in lines)


LINES = sorted({each for each in shown() if not NOT_A_LINE.search(REST.sub("", each[1]))})


def parsed(words: list[str]) -> None:
    """Look at a command line as `savant` would, and carry nothing out; raises what it would say against it."""
    context: Any = typer.main.get_group(app).make_context("savant", [], resilient_parsing=True)
    command: Any = context.command
    while hasattr(command, "commands") or hasattr(command, "list_commands"):
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, f"there is no `{name}`"
        if not words:
            return
    command.make_context(command.name, words, parent=context)


def test_there_are_many_of_them() -> None:
    assert len(LINES) > 100
    assert set(EXAMPLES) <= set(paths())


@pytest.mark.parametrize(("page", "line", "whole"), LINES)
def test_it_is_one_that_savant_takes(page: str, line: str, whole: bool) -> None:
    words = shlex.split(REST.sub("", line))[1:]
    numbers = ["1" if word in ("ID", "N", "A", "B", "RUN", "USD") else word for word in words]
    try:
        parsed(numbers)
    except typer.TyperException as error:
        # A sentence may name a command without what it needs.
        named = not whole and error.format_message().startswith("Missing ")
        assert named, f"{page}: {line}: {error.format_message()}"
