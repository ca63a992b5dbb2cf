"""Hits for a person: where they are, and the lines with what matched in bold; and what was not searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savant.cli.door import Door
from savant.cli.output import style
from savant.schemas.search import Hit, Line, SearchResult

if TYPE_CHECKING:
    from savant.client import Client


async def unindexed(door: Door, client: Client, found: SearchResult) -> list[str]:
    """That the repository one is in was not searched, as it was never indexed; a server cannot know where that is."""
    folders = [door.cwd, *door.cwd.parents]
    top = next((folder for folder in folders if (folder / ".git").exists()), None)
    if door.settings.url or (top is None and found.hits):
        return []
    from savant.schemas.lists import ListQuery

    known = {each.local_path for each in (await client.repositories.list(ListQuery(limit=1000))).items}
    if not known.isdisjoint(map(str, folders)):
        return []
    return [f"{top or door.cwd} is not indexed, so it was not searched: savant index"]


def text(found: SearchResult) -> str:
    return "\n\n".join(_hit(hit) for hit in found.hits)


def markdown(found: SearchResult) -> str:
    parts: list[str] = []
    for hit in found.hits:
        code = "\n".join(line.text for line in hit.snippet)
        fence = "````" if "```" in code else "```"
        parts.append(f"**{hit.path}:{_first(hit)}** {hit.symbol or ''}\n\n{fence}{hit.language or ''}\n{code}\n{fence}")
    return "\n\n".join(parts)


def _hit(hit: Hit) -> str:
    state = " (gone)" if hit.missing else " (changed since)" if hit.changed else ""
    path = hit.path.replace("\n", "\\n")
    head = f"{style(path, 'cyan')}:{_first(hit)}  {hit.symbol or ''}".rstrip()
    lines = [f"{style(f'{head}{state}', 'bold')}  {style(hit.repository, 'dim')}", *map(_line, hit.snippet)]
    if hit.others:
        places = ", ".join(f"{place.first_line} {place.symbol or ''}".rstrip() for place in hit.others)
        lines.append(style(f"      also at {places}", "dim"))
    if hit.because:
        lines.append(style(f"      changed in: {hit.because[0]}", "dim"))
    return "\n".join(lines)


def _first(hit: Hit) -> int:
    """The first line that matches, so that an editor opens there."""
    return next((line.number for line in hit.snippet if line.marks), hit.first_line)


def _line(line: Line) -> str:
    shown, at = "", 0
    for start, end in line.marks:
        shown += line.text[at:start] + style(line.text[start:end], "bold")
        at = end
    return f"{line.number:>6} {shown}{line.text[at:]}".rstrip()
