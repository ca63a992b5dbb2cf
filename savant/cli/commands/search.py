"""`savant search`."""

from __future__ import annotations

from typing import Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
async def search(
    door: Door,
    query: Annotated[list[str] | None, typer.Argument(metavar="QUERY", help='Words; "..." for a phrase.')] = None,
    repositories: Annotated[list[str] | None, typer.Option("--repo", metavar="SLUG", help="Only in these.")] = None,
    languages: Annotated[
        list[str] | None, typer.Option("--lang", metavar="NAME", help="Only in this language.")
    ] = None,
    paths: Annotated[list[str] | None, typer.Option("--path", metavar="GLOB", help="Only in these files.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="NAME", help="Only in what is named so.")] = None,
    regex: Annotated[bool, typer.Option("--regex", help="QUERY is a regular expression; find every line.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Most hits.")] = 10,
    context: Annotated[int, typer.Option("--context", min=0, max=50, help="Lines around a match.")] = 2,
    tests: Annotated[bool | None, typer.Option("--tests/--no-tests", help="Only tests, or none.")] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Only in the memory bank.")] = False,
) -> None:
    """Find code by words, names or expressions."""
    from savant.cli import searching
    from savant.schemas.search import SearchQuery

    wanted = SearchQuery(
        query=" ".join(query or []), repositories=tuple(repositories or ()), languages=tuple(languages or ()),
        paths=tuple(paths or ()), symbol=symbol, regex=regex, limit=limit, context=context, tests=tests, memory=memory,
    )  # fmt: skip
    async with door.connect() as client:
        found = await client.search(wanted)
        if not repositories:
            found.warnings.extend(await searching.unindexed(door, client, found))
    for warning in found.warnings:
        door.say.warning(warning)
    if not found.hits:
        door.say.note("Nothing was found.")
    door.out.show(found, lambda: searching.text(found), lambda: searching.markdown(found))
    if found.truncated:
        door.say.note(f"There is more; --limit {min(limit * 2, 200)} shows more of it.")
