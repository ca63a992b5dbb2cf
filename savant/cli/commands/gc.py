"""`savant gc`."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


@command(app)
async def gc(
    door: Door,
    keep: Annotated[str | None, typer.Option(metavar="AGE", help="Delete what ended longer ago: 30d, 12h")] = None,
    max: Annotated[str | None, typer.Option("--max", metavar="SIZE", help="Then the oldest, down to 2GB")] = None,
    pin: Annotated[list[int] | None, typer.Option(metavar="RUN", help="Never delete this run.")] = None,
    unpin: Annotated[list[int] | None, typer.Option(metavar="RUN", help="Let it go like any other.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Make room: delete old runs, then what no run needs any more."""
    from savant.cli import tables
    from savant.schemas.storage import Gc

    options = Gc(
        keep_seconds=None if keep is None else _read(keep, r"(\d+(?:\.\d+)?)\s*([smhdw])", _SECONDS, "30d or 12h"),
        max_bytes=None if max is None else int(_read(max.upper(), r"(\d+(?:\.\d+)?)\s*([KMG]?I?B?)", _BYTES, "2GB")),
        pin=pin or [],
        unpin=unpin or [],
        dry_run=dry_run,
    )
    async with door.connect() as client:
        found = await client.storage.gc(options)
    door.out.show(found, lambda: "")
    what = "would go" if dry_run else "deleted"
    door.say.note(
        f"{len(found.runs)} runs and {found.blobs} blobs {what}: "
        f"{tables.size(found.bytes_before)} before, {tables.size(found.bytes_after)} after."
    )


def _read(text: str, pattern: str, units: dict[str, int], example: str) -> float:
    from savant.errors import ErrorCode, SavantError

    match = re.fullmatch(pattern, text.strip())
    if match is None or match[2] not in units:
        raise SavantError(ErrorCode.USAGE, f"`{text}` is not like {example}.")
    return float(match[1]) * units[match[2]]
