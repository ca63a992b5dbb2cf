"""`savant repositories`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.repositories import IndexStatus, Repository

app = group()
Slug = Annotated[str, typer.Argument(metavar="SLUG")]


@command(app, "list")
async def list_(door: Door) -> None:
    """List the repositories that are known, and when they were indexed."""
    from savant.cli import tables

    async with door.connect() as client:
        page = await client.repositories.list()
    headings = ["SLUG", "STATE", "INDEXED", "FILES", "WHERE"]
    rows = [
        [
            each.slug,
            tables.status(each.index_status),
            tables.age(each.indexed_at) or "never",
            str(each.index_report.get("files", "")),
            each.local_path or each.remote_url or "",
        ]
        for each in page.items
    ]
    door.out.show(page, lambda: tables.table(headings, rows), lambda: tables.markdown_table(headings, rows))


@command(app)
async def show(door: Door, slug: Slug) -> None:
    """Print what is known of a repository, and what its last index run did."""
    async with door.connect() as client:
        found = await client.repositories.get(slug)
    door.out.show(found, lambda: _facts(found))


@command(app)
async def add(
    door: Door,
    target: Annotated[str, typer.Argument(metavar="PATH|URL")],
    name: Annotated[str | None, typer.Option("--name", help="What to call it.")] = None,
    branch: Annotated[str | None, typer.Option("--branch", help="Of a URL, the branch to follow.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Leave these files out.")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", metavar="SECRET", help="Of a URL, the name of the secret that opens it.")
    ] = None,
    shallow: Annotated[bool, typer.Option("--shallow", help="Of a URL, clone it without its history.")] = False,
    memory: Annotated[
        list[str] | None, typer.Option("--memory", metavar="FOLDER", help="Where the notes of its memory bank are.")
    ] = None,
) -> None:
    """Add a repository without indexing it yet."""
    import msgspec

    from savant.schemas.repositories import IndexConfig, RepositoryCreate

    is_url = "://" in target or ("@" in target and ":" in target)
    config = IndexConfig(exclude=tuple(exclude or ()), token=token, shallow=shallow)
    create = RepositoryCreate(
        path=None if is_url else str((door.cwd / target).resolve()), url=target if is_url else None, name=name,
        branch=branch, config=msgspec.structs.replace(config, memory=tuple(memory)) if memory else config,
    )  # fmt: skip
    async with door.connect() as client:
        made = await client.repositories.create(create)
    door.out.show(made, lambda: made.slug)
    door.say.note(f"Index it with: savant repositories index {made.slug}")


@command(app)
async def index(
    door: Door, slug: Slug, full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False
) -> None:
    """Bring a repository's index up to date; of a URL, fetch it first."""
    from savant.cli import indexing

    async with door.connect() as client:
        await indexing.index(door, client, await client.repositories.get(slug), full=full)


@command(app)
async def status(
    door: Door, slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="All, without it.")] = None
) -> None:
    """Compare the index with the working tree, file by file."""
    from savant.cli import tables

    async with door.connect() as client:
        slugs = [slug] if slug else [each.slug for each in (await client.repositories.list()).items]
        found = [await client.repositories.status(each) for each in slugs]
    headings = ["SLUG", "STATE", "FILES", "NEW", "CHANGED", "GONE", "INDEXED AT", "HEAD"]
    rows = [_status_row(each) for each in found]
    door.out.show({"items": found}, lambda: tables.table(headings, rows))
    for each in found:
        if each.advice:
            door.say.note(f"{each.repository}: {each.advice}")
    if compared := {each.vectors_compared_by for each in found if each.vectors_compared_by}:
        door.say.detail(f"Vectors are compared by: {', '.join(sorted(compared))}")


@command(app)
async def remove(
    door: Door, slug: Slug, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Remove a repository and its index; the files on disk stay."""
    from savant.errors import ErrorCode, SavantError

    async with door.connect() as client:
        await client.repositories.get(slug)
        if not yes and not door.say.confirm(f"Remove the index of {slug}?"):
            raise SavantError(ErrorCode.USAGE, f"{slug} was not removed.", hint="Say --yes to remove it unasked.")
        await client.repositories.delete(slug)
    door.out.show({"removed": slug}, lambda: "")
    door.say.note(f"Removed {slug}.")


def _status_row(each: IndexStatus) -> list[str]:
    numbers = [str(number) for number in (each.files, each.added, each.changed, each.removed)]
    return [each.repository, each.state, *numbers, (each.indexed_commit or "")[:10], (each.head or "")[:10]]


def _facts(found: Repository) -> str:
    report = found.index_report
    facts = [
        ("where", found.local_path or found.remote_url or ""),
        ("branch", found.branch),
        ("state", found.index_status),
        ("indexed", f"{found.indexed_at or 'never'} at {(found.indexed_commit or 'no commit')[:12]}"),
        ("files", f"{report.get('files', 0)} in {report.get('chunks', 0)} chunks"),
        *((f"left out, {reason}", str(count)) for reason, count in report.get("left_out", {}).items()),
        *((f"cut by lines, {language}", str(count)) for language, count in report.get("by_lines", {}).items()),
    ]
    return "\n".join([found.slug, *(f"  {name}: {value}" for name, value in facts)])
