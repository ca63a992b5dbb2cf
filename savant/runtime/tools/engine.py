"""How a built-in engine is written: a class of typed async methods, each marked with `@tool`.

    class Clock(Engine):
        name = "clock"

        @tool(effect="read")
        async def read(self, *, zone: Annotated[str, Meta(description="IANA name")] = "UTC") -> Time:
            '''The time in a zone.'''

The name, the description and both schemas of the tool come from the signature; nothing is said twice.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar, get_type_hints

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.arguments import diagnose
from savant.runtime.tools.base import ToolSpec
from savant.schemas.steps import Effect

Function = TypeVar("Function", bound=Callable[..., Awaitable[Any]])
_MARK = "__savant_tool__"


class Tool(NamedTuple):
    """One typed function offered as a tool; `arguments` is the struct that its arguments are checked against."""

    spec: ToolSpec
    arguments: type[msgspec.Struct]
    function: Callable[..., Awaitable[Any]]

    async def call(self, arguments: dict[str, Any]) -> Any:
        """The function's result as JSON-serialisable builtins; raises TOOL_BAD_ARGUMENTS before calling it."""
        try:
            checked = msgspec.convert(arguments, self.arguments)
        except (msgspec.ValidationError, ValueError) as error:
            raise diagnose(self.spec.name, self.arguments, arguments, error) from None
        fields = self.arguments.__struct_fields__
        result = await self.function(**{field: getattr(checked, field) for field in fields})
        return msgspec.to_builtins(result, str_keys=True)


class Engine:
    """A named group of tools. A subclass sets `name` and marks its methods with `@tool`."""

    name: ClassVar[str]

    def tools(self) -> list[Tool]:
        """Every marked method, in the order in which they are written."""
        marked = [getattr(self, key) for key in _attributes(type(self))]
        return [_bind(self.name, function) for function in marked if hasattr(function, _MARK)]

    async def aclose(self) -> None:
        """Let go of what the engine holds; nothing, unless a subclass says otherwise."""


def tool(*, effect: Effect, name: str | None = None) -> Callable[[Function], Function]:
    """Mark an async function of keyword-only parameters as a tool; `list_` is offered as `list`."""

    def mark(function: Function) -> Function:
        _must_be_writable_as_tool(function)
        setattr(function, _MARK, (name or function.__name__.rstrip("_"), effect))
        return function

    return mark


def engine_of(name: str, functions: Sequence[Callable[..., Awaitable[Any]]]) -> Engine:
    """An engine made of plain functions marked with `@tool`."""
    methods = {function.__name__: staticmethod(function) for function in functions}
    return type(f"{name.title()}Engine", (Engine,), {"name": name, **methods})()


class Hints(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """MCP's annotations of a tool; None means that its server did not say."""

    read_only_hint: bool | None = None
    idempotent_hint: bool | None = None
    destructive_hint: bool | None = None


def effect_of(hints: Hints) -> Effect:
    """The effect that hints promise; a tool that claims to read and to destroy is not believed."""
    if hints.read_only_hint and not hints.destructive_hint:
        return "read"
    return "idempotent" if hints.idempotent_hint and not hints.read_only_hint else "write"


def hints_of(effect: Effect) -> Hints:
    """The hints that say what `effect` says."""
    return Hints(read_only_hint=effect == "read", idempotent_hint=effect != "write")


def _attributes(engine: type[Engine]) -> list[str]:
    names: dict[str, None] = {}
    for base in reversed(engine.__mro__):
        names.update(dict.fromkeys(vars(base)))
    return list(names)


def _bind(engine: str, function: Callable[..., Awaitable[Any]]) -> Tool:
    spec, arguments = _describe(engine, getattr(function, "__func__", function))
    return Tool(spec, arguments, function)


@functools.cache
def _describe(engine: str, function: Callable[..., Awaitable[Any]]) -> tuple[ToolSpec, type[msgspec.Struct]]:
    short, effect = getattr(function, _MARK)
    hints = get_type_hints(function, include_extras=True)
    arguments = _arguments_struct(f"{engine}_{short}", function, hints)
    spec = ToolSpec(
        name=f"{engine}.{short}",
        description=inspect.getdoc(function) or "",
        input_schema=_object_schema(arguments),
        effect=effect,
        output_schema=_schema(hints["return"]),
    )
    return spec, arguments


def _arguments_struct(
    name: str, function: Callable[..., Awaitable[Any]], hints: dict[str, Any]
) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for parameter in _parameters(function):
        field = (parameter.name, hints[parameter.name])
        required = parameter.default is inspect.Parameter.empty
        fields.append(field if required else (*field, parameter.default))
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)


def _object_schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The struct's schema with the object itself on top: models and MCP expect `type: object` there."""
    schema = _schema(struct)
    definitions = schema.pop("$defs")
    top = definitions.pop(schema.pop("$ref").rpartition("/")[2])
    del top["title"]
    top.setdefault("required", [])
    return top | ({"$defs": definitions} if definitions else {})


def _schema(type_: Any) -> dict[str, Any]:
    return msgspec.json.schema(type_)


def _parameters(function: Callable[..., Awaitable[Any]]) -> list[inspect.Parameter]:
    return [parameter for parameter in inspect.signature(function).parameters.values() if parameter.name != "self"]


def _must_be_writable_as_tool(function: Callable[..., Awaitable[Any]]) -> None:
    name = function.__qualname__
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"The tool {name} must be an async function.")
    if not function.__doc__:
        raise TypeError(f"The tool {name} needs a docstring: it is what a model reads.")
    if any(parameter.kind is not parameter.KEYWORD_ONLY for parameter in _parameters(function)):
        raise TypeError(f"The tool {name} may have keyword-only parameters alone.")


def tool_failed(message: str, hint: str | None = None) -> SavantError:
    """The error of a tool that could not do what it was asked, in words a model can act on."""
    return SavantError(ErrorCode.TOOL_FAILED, message, hint=hint)


def bad_argument(message: str, hint: str | None = None) -> SavantError:
    """The error of an argument that has the right type and still cannot be."""
    return SavantError(ErrorCode.TOOL_BAD_ARGUMENTS, message, hint=hint)
