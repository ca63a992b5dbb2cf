"""`savant completion SHELL`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app, configured=False)
def completion(door: Door, shell: Annotated[Literal["bash", "zsh", "fish", "powershell"], typer.Argument()]) -> None:
    """Print the completion script of a shell: `savant completion bash >> ~/.bashrc`."""
    from typer.completion import get_completion_script  # pyright: ignore[reportPrivateImportUsage]

    script = get_completion_script(prog_name="savant", complete_var="_SAVANT_COMPLETE", shell=shell)
    door.out.show({"shell": shell, "script": script}, lambda: script)
