"""`savant workflows`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from savant.cli.command import command
from savant.cli.door import Door
from savant.cli.nouns import Noun, Shortcut, build

app = build(Noun("workflow", (Shortcut("--description", "description", "What it is for."),)))


@command(app)
async def graph(
    door: Door,
    ref: Annotated[str, typer.Argument(metavar="REF", help="A slug, or a YAML file.")],
    format: Annotated[
        Literal["text", "mermaid", "dot", "svg", "json"],
        typer.Option("--format", "-f", help="The form of the drawing."),
    ] = "text",
) -> None:
    """Draw a workflow: in the terminal, as Mermaid, DOT or SVG, or as JSON; `-o FILE` writes it to a file."""
    from savant.client.graphs import drawn, graph_of_ref

    async with door.connect() as client:
        found = await graph_of_ref(ref, door.cwd, client)
    form = "mermaid" if door.out.format == "markdown" and format == "text" else format
    drawing = drawn(found, form)
    fenced = f"```{form}\n{drawing}```" if form in ("mermaid", "dot", "json", "text") else drawing
    door.out.show(found, lambda: drawing, lambda: fenced)
