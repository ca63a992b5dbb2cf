"""The versions of a stored noun: the commands, and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from savant.cli.command import command
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.cli.nouns import Noun
    from savant.schemas.versions import Version

Slug = Annotated[str, typer.Argument(metavar="SLUG")]
Number = Annotated[int, typer.Argument(metavar="VERSION", help="The number of the version.")]


def add(app: typer.Typer, noun: Noun) -> None:
    """Give a noun's group the commands versions, version, diff and rollback."""

    async def versions(door: Door, slug: Slug) -> None:
        await _list(door, noun, slug)

    async def version(door: Door, slug: Slug, number: Number) -> None:
        await _show(door, noun, slug, number)

    async def diff(
        door: Door,
        slug: Slug,
        old: Number,
        new: Annotated[int | None, typer.Argument(metavar="VERSION", help="The newest unless given.")] = None,
        exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 6 if they differ.")] = False,
    ) -> int:
        return await _diff(door, noun, slug, old, new, exit_code=exit_code)

    async def rollback(door: Door, slug: Slug, number: Number) -> None:
        await _rollback(door, noun, slug, number)

    command(app, help=f"List the versions of {noun.a}: each that was saved or run.")(versions)
    command(app, help=f"Print one version of {noun.a} as YAML.")(version)
    command(app, help=f"Show what changed between two versions of {noun.a}.")(diff)
    command(app, help=f"Make an older version of {noun.a} the stored one again.")(rollback)


async def _list(door: Door, noun: Noun, slug: str) -> None:
    from savant.cli import tables

    async with door.connect() as client:
        found = await client.versions.list(noun.kind, slug)
    headings = ["VERSION", "FROM", "MADE", ""]
    rows = [[str(each.version), each.source, tables.age(each.created_at), _now(each)] for each in found]
    door.out.show({"items": found}, lambda: tables.table(headings, rows), lambda: tables.markdown_table(headings, rows))


def _now(version: Version) -> str:
    return "stored now" if version.current else ""


async def _show(door: Door, noun: Noun, slug: str, number: int) -> None:
    async with door.connect() as client:
        found = await client.versions.get(noun.kind, slug, number)
    text = _yaml(noun, found)
    door.out.show(found, lambda: text, lambda: f"```yaml\n{text}```")


async def _diff(door: Door, noun: Noun, slug: str, old: int, new: int | None, *, exit_code: bool) -> int:
    from savant.cli.line_differences import painted, unified
    from savant.errors import ExitCode

    async with door.connect() as client:
        latest = new if new is not None else (await client.versions.list(noun.kind, slug))[0].version
        before, after = [await client.versions.get(noun.kind, slug, number) for number in (old, latest)]
    lines = unified(_yaml(noun, before), _yaml(noun, after), f"{slug} version {old}", f"{slug} version {latest}")
    shown: dict[str, Any] = {"old": before, "new": after, "equal": not lines, "diff": lines}
    door.out.show(shown, lambda: "\n".join(painted(lines)), lambda: "```diff\n" + "\n".join(lines) + "\n```")
    if not lines:
        door.say.note("They are equal.")
    return ExitCode.DIVERGED if exit_code and lines else ExitCode.DONE


async def _rollback(door: Door, noun: Noun, slug: str, number: int) -> None:
    async with door.connect() as client:
        found = await client.versions.rollback(noun.kind, slug, number)
    door.out.show(found, lambda: "")
    door.say.note(f"Version {number} of {noun.kind} `{slug}` is the stored one again.")


def _yaml(noun: Noun, version: Version) -> str:
    from savant.client.files import definition_from
    from savant.client.project import dump

    return dump(definition_from(noun.kind, version.definition))
