"""The commands of a stored noun, written once: list, show, create, edit, delete."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.client import Client

Kind = Literal["agent", "workflow", "persona", "ruleset"]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One field, dotted; JSON or text.")]
File = Annotated[Path | None, typer.Option("--file", "-f", metavar="FILE", help="The definition in YAML.")]


class Shortcut(NamedTuple):
    """An option of `create` that fills one field; `many` makes a list of it."""

    flag: str
    field: str
    help: str
    many: bool = False


class Noun(NamedTuple):
    """A noun, and the options its `create` has beside --set."""

    kind: Kind
    shortcuts: tuple[Shortcut, ...] = ()

    @property
    def plural(self) -> str:
        return f"{self.kind}s"

    @property
    def a(self) -> str:
        return f"an {self.kind}" if self.kind == "agent" else f"a {self.kind}"

    def of(self, client: Client) -> Any:
        """The client's collection of this noun."""
        return getattr(client, self.plural)


def build(noun: Noun) -> typer.Typer:
    """The group of commands for a noun."""
    app = group()
    for add in (_list, _show, _create, _edit, _delete):
        add(app, noun)
    if noun.kind in ("agent", "workflow"):
        from savant.cli import versions

        versions.add(app, noun)
    return app


def _list(app: typer.Typer, noun: Noun) -> None:
    async def list_(
        door: Door,
        q: Annotated[str | None, typer.Option("--query", metavar="TEXT", help="Only with this text.")] = None,
    ) -> None:
        from savant.cli import stored

        await stored.show_list(door, noun, q)

    command(app, "list", help=f"List the {noun.plural} of the project's files and of the workspace.")(list_)


def _show(app: typer.Typer, noun: Noun) -> None:
    async def show(
        door: Door,
        ref: Annotated[str, typer.Argument(metavar="SLUG")],
        workspace: Annotated[bool, typer.Option("--stored", help="The stored one, even if a file has it too.")] = False,
    ) -> None:
        from savant.cli import stored

        await stored.show_one(door, noun, ref, stored=workspace)

    command(app, "show", help=f"Print {noun.a} as YAML.")(show)


def _create(app: typer.Typer, noun: Noun) -> None:
    async def create(
        door: Door,
        name: Annotated[str | None, typer.Argument(metavar="NAME", help="What to call it.")] = None,
        file: File = None,
        sets: Sets = None,
        **fields: Any,
    ) -> None:
        from savant.cli import stored

        given = {short.field: fields[short.field.replace(".", "_")] for short in noun.shortcuts}
        await stored.create(door, noun, name, file, sets or [], given)

    _add_options(create, noun)
    command(app, "create", help=f"Store a new {noun.kind} in the workspace, from a file or from options.")(create)


def _edit(app: typer.Typer, noun: Noun) -> None:
    async def edit(
        door: Door,
        ref: Annotated[str, typer.Argument(metavar="SLUG")],
        file: File = None,
        sets: Sets = None,
        workspace: Annotated[bool, typer.Option("--stored", help="The stored one, even if a file has it too.")] = False,
    ) -> None:
        from savant.cli import stored

        await stored.edit(door, noun, ref, file, sets or [], stored=workspace)

    about = "in $VISUAL or $EDITOR, checked when saved; or with --set or --file"
    command(app, "edit", help=f"Change {noun.a}: {about}.")(edit)


def _delete(app: typer.Typer, noun: Noun) -> None:
    async def delete(
        door: Door,
        ref: Annotated[str, typer.Argument(metavar="SLUG")],
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    ) -> None:
        from savant.cli import stored

        await stored.delete(door, noun, ref, yes=yes)

    command(app, "delete", help=f"Delete a stored {noun.kind}.")(delete)


def _add_options(create: Any, noun: Noun) -> None:
    """Give `create` one option for each shortcut, where its `**fields` stands."""
    own = [each for each in inspect.signature(create).parameters.values() if each.kind is not each.VAR_KEYWORD]
    more = [
        inspect.Parameter(
            short.field.replace(".", "_"),
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                list[str] | None if short.many else str | None,
                typer.Option(short.flag, help=short.help, metavar="TEXT"),
            ],
        )
        for short in noun.shortcuts
    ]
    create.__signature__ = inspect.Signature([*own, *more])
    create.__annotations__ |= {parameter.name: parameter.annotation for parameter in more}
