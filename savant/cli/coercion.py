"""Words of the command line as values, without what typer would load for it (a fifth of a second of pydantic).

typer asks each parameter for its `_runtime_param`, and builds one only where there is none. A version of typer that
no longer asks ignores ours and does it its own way; the messages differ, nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer import BadParameter
from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command whose parameters are coerced here, and whose help ends with examples."""

    def get_params(self, ctx: Any) -> Any:
        return _prepared(super().get_params(ctx))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        from savant.cli.examples import EXAMPLES

        if lines := EXAMPLES.get(ctx.command_path.removeprefix("savant ")):
            with formatter.section("Examples"):
                formatter.write("".join(f"{'':>{formatter.current_indent}}{line}\n" for line in lines))


class Group(TyperGroup):
    """A group of such commands."""

    def get_params(self, ctx: Any) -> Any:
        return _prepared(super().get_params(ctx))


class Coercion:
    """Makes values of one type: text, numbers, paths, words of a list, and lists of these."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        many = getattr(param, "multiple", False) or param.nargs == -1
        if value is None:
            return () if many else None
        type = self._annotation
        if many:
            type = get_args(type)[0] if get_origin(type) is list else type
            return tuple(_one(item, type, param, ctx) for item in value)
        return _one(value, type, param, ctx)


def _prepared(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        descriptor = getattr(parameter, "type_descriptor", None)
        if descriptor is not None:
            parameter._runtime_param = Coercion(descriptor.annotation)
    return parameters


def _one(value: Any, type: Any, param: Any, ctx: Any) -> Any:
    if get_origin(type) is Literal:
        if value not in get_args(type):
            raise BadParameter(f"{value!r} is not one of {', '.join(get_args(type))}.", ctx=ctx, param=param)
        return value
    if type is Path:
        return Path(value)
    if type is bool:
        return bool(value)
    if type in (int, float):
        return _number(value, type, param, ctx)
    return _text(value, param, ctx)


def _text(value: Any, param: Any, ctx: Any) -> Any:
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise BadParameter(f"{value!r} is not UTF-8 text.", ctx=ctx, param=param) from None
    return value


def _number(value: Any, type: Any, param: Any, ctx: Any) -> Any:
    try:
        number = type(value)
    except ValueError:
        kind = "a whole number" if type is int else "a number"
        raise BadParameter(f"{value!r} is not {kind}.", ctx=ctx, param=param) from None
    if number != number or (param.min is not None and number < param.min) or (param.max or number) < number:
        bounds = f"at least {param.min}" + (f" and at most {param.max}" if param.max is not None else "")
        raise BadParameter(f"{value} is not {bounds}.", ctx=ctx, param=param)
    return number
