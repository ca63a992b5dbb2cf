"""What a noun offers over HTTP, read from the signatures in `v1` and the one rule of routes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from savant.policies import RULES
from savant.schemas.routes import Method, Route, route

CREATES = frozenset(
    {"create", "start", "fork", "retry", "keep", "execute", "install", "sign_in", "sign_in_once", "accept"}
)
"""Verbs that answer 201."""


class Endpoint(NamedTuple):
    """One method of one path. `path` are the types of what stands in it, `input` the query's or body's struct.

    `wraps` is the one argument that the struct is itself; without it, its fields are arguments. `fixed` arguments are
    known from the path alone. What is `open` asks nobody who they are, and is of no workspace.
    """

    noun: str
    verb: str
    route: Route
    path: Mapping[str, Any]
    input: type[msgspec.Struct] | None
    wraps: str | None
    returns: Any
    summary: str
    fixed: Mapping[str, Any] = {}
    open: bool = False

    @property
    def status(self) -> int:
        if self.returns is type(None):
            return 204
        return 201 if self.verb in CREATES and self.route.method == "POST" else 200

    @property
    def in_query(self) -> bool:
        return self.route.method in ("GET", "DELETE")

    @property
    def takes_etag(self) -> bool:
        """Whether it changes or removes an item that can be looked at in the same place."""
        if self.route.method not in ("PATCH", "DELETE") or "get" not in RULES.get(self.noun, {}):
            return False
        return route(self.noun, "get").path == self.route.path

    @property
    def name(self) -> str:
        """The one name of the operation."""
        return "_".join([self.noun, self.verb, *map(str, self.fixed.values())])


class At(NamedTuple):
    """Where a method of a door leads when it is not the noun's own verb: `@at("POST", "/agents/{ref}/execute")`."""

    method: Method
    path: str

    def __call__(self, function: Any) -> Any:
        function.at = self
        return function


def endpoints(noun: str, door: type) -> Iterator[Endpoint]:
    """The endpoints of a noun, one for each method of its door, in the order they are written."""
    bound = _bound(door)
    for verb, function in _methods(door):
        at = getattr(function, "at", None)
        where = Route(at.method, at.path) if at else route(noun, verb)
        yield from _spread(_endpoint(noun, verb, where, function, bound))


def _methods(door: type) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for base in door.__mro__:
        for verb, function in vars(base).items():
            if inspect.iscoroutinefunction(function) and not verb.startswith("_") and verb not in seen:
                seen.add(verb)
                yield verb, function


def _bound(door: type) -> dict[Any, Any]:
    """What the type variables of a generic door stand for."""
    found: dict[Any, Any] = {}
    for base in getattr(door, "__orig_bases__", ()):
        origin = get_origin(base)
        if origin is not None:
            found.update(zip(getattr(origin, "__parameters__", ()), get_args(base), strict=False))
    return found


def _endpoint(noun: str, verb: str, where: Route, function: Any, bound: Mapping[Any, Any]) -> Endpoint:
    hints = {name: _filled(hint, bound) for name, hint in get_type_hints(function, include_extras=True).items()}
    returns = hints.pop("return")
    in_path = re.findall(r"{(\w+)}", where.path)
    parameters = inspect.signature(function).parameters
    rest = [name for name in hints if name not in in_path]
    input, wraps = _input(noun, verb, rest, hints, parameters)
    path = {name: hints[name] for name in in_path}
    summary = inspect.cleandoc(function.__doc__ or "")
    return Endpoint(noun, verb, where, path, input, wraps, returns, summary)


def _input(
    noun: str, verb: str, names: list[str], hints: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> tuple[type[msgspec.Struct] | None, str | None]:
    if not names:
        return None, None
    if len(names) == 1 and isinstance(hints[names[0]], type) and issubclass(hints[names[0]], msgspec.Struct):
        return hints[names[0]], names[0]
    fields: list[Any] = []
    for name in names:
        default = parameters[name].default
        fields.append((name, hints[name]) if default is inspect.Parameter.empty else (name, hints[name], default))
    title = f"{noun} {verb}".title().replace(" ", "").replace("_", "")
    return msgspec.defstruct(title, fields, kw_only=True, forbid_unknown_fields=True), None


def _filled(hint: Any, bound: Mapping[Any, Any]) -> Any:
    """A hint with its type variables filled in."""
    if isinstance(hint, TypeVar):
        return bound[hint]
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(bound[parameter] for parameter in parameters)] if parameters else hint


def _spread(endpoint: Endpoint) -> Iterator[Endpoint]:
    """`/{kind}s/...` stands for one path a kind: what is in the middle of a word is no parameter of a path."""
    inside = re.search(r"{(\w+)}(?=[^/])", endpoint.route.path)
    if inside is None:
        yield endpoint
        return
    name = inside[1]
    for value in get_args(endpoint.path[name]):
        place = endpoint.route.path.replace(inside[0], value)
        path = {key: hint for key, hint in endpoint.path.items() if key != name}
        yield endpoint._replace(route=Route(endpoint.route.method, place), path=path, fixed={name: value})
