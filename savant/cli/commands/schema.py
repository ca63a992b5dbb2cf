"""`savant schema`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()
Name = Literal["agent", "workflow", "persona", "ruleset", "events", "run", "findings"]


@command(app, configured=False)
def schema(door: Door, name: Annotated[Name, typer.Argument(metavar="NAME", help="What to describe.")]) -> None:
    """Print the JSON Schema of a definition, of a run (--json), of its events (--output jsonl), or of findings."""
    import msgspec

    found = _schema(name)
    door.out.show(found, lambda: msgspec.json.format(msgspec.json.encode(found)).decode())


def _schema(name: Name) -> dict[str, Any]:
    import msgspec

    if name in ("agent", "workflow", "persona", "ruleset"):
        from savant.client.project import json_schema

        return json_schema(name)
    from savant.schemas import events, findings, runs

    types: dict[str, Any] = {"run": runs.Run, "events": events.Line, "findings": findings.Findings}
    return msgspec.json.schema(types[name])
