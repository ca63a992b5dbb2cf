"""How a function becomes a command: the options every command has, and an event loop that ends well on a signal."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from savant.cli.coercion import Command, Group
from savant.cli.door import Door
from savant.errors import ErrorCode, SavantError

Format = Literal["text", "json", "jsonl", "markdown", "junit", "sarif", "github"]


def _common(
    output: Annotated[Format | None, typer.Option("--output", help="The form of the result.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --output json.")] = False,
    write_to: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Write the result to a file.")] = None,
    directory: Annotated[
        Path | None, typer.Option("-C", metavar="DIR", help="Work as if started in this folder.")
    ] = None,
    profile: Annotated[str | None, typer.Option("--profile", metavar="NAME", help="Use a profile.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    color: Annotated[bool, typer.Option("--color/--no-color", help="Use colours on a terminal.")] = True,
) -> None: ...


_COMMON = inspect.signature(_common, eval_str=True).parameters
COMMON_NAMES = frozenset(_COMMON)


def group() -> typer.Typer:
    """An app for one module's commands."""
    return typer.Typer(cls=Group, rich_markup_mode=None, add_completion=False)


def command(
    app: typer.Typer, name: str | None = None, *, configured: bool = True, **info: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Register `async def function(door, ...)` or `def function(door, ...)`; what it returns is the exit code.

    A command with `configured=False` works even where the settings are broken.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        info.setdefault("help", inspect.getdoc(function))
        app.command(name or function.__name__.strip("_"), cls=Command, **info)(_with_common(function, configured))
        return function

    return register


def _with_common(function: Callable[..., Any], configured: bool) -> Callable[..., Any]:
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(function).parameters.values())[1:]
    ]

    def wrapper(ctx: typer.Context, **arguments: Any) -> int:
        door: Door = ctx.obj
        shared = {parameter.name: arguments.pop(parameter.name) for parameter in _COMMON.values()}
        _open(door, configured, **shared)
        return _carry_out(door, function(door, **arguments)) or 0

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    shared = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in _COMMON.values()]
    parameters = [context, *own, *shared]
    wrapper.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    wrapper.__name__ = function.__name__
    return wrapper


def _open(
    door: Door,
    configured: bool,
    *,
    output: str | None,
    as_json: bool,
    write_to: Path | None,
    directory: Path | None,
    profile: str | None,
    quiet: bool,
    verbose: bool,
    color: bool,
) -> None:
    if as_json and output not in (None, "json"):
        raise SavantError(ErrorCode.USAGE, f"--json and --output {output} exclude each other.")
    if write_to is not None and str(write_to) in Format.__args__:
        raise SavantError(
            ErrorCode.USAGE, f"-o takes a file, not `{write_to}`.", hint=f"For the form: --output {write_to}."
        )
    door.flags["profile"] = profile
    door.open(
        format="json" if as_json else output,
        file=write_to,
        quiet=quiet,
        verbose=verbose,
        color=color,
        directory=directory,
    )
    if configured:
        door.out.format = door.settings.output


def _carry_out(door: Door, result: Any) -> int | None:
    if not inspect.iscoroutine(result):
        return result
    from savant.cli.signals import run

    return run(result, door.home / "logs" / "savant.log")
