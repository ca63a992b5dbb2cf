"""From a request to the arguments of a verb: path, query and body, each value checked by its type."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from savant.errors import ErrorCode, SavantError
from savant.server.endpoints import Endpoint

Taken = TypeVar("Taken", bound=msgspec.Struct)
MOST_FIELDS = 100
SEEKS = frozenset({"search"})
"""Verbs that keep no text: what Postgres cannot store may be looked for all the same."""
_PLACE = re.compile(r"^(?P<message>.*?) - at `(?P<place>[^`]*)`$", re.DOTALL)
_FIELD = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<field>[^`]+)`")


async def arguments(endpoint: Endpoint, request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What a verb is called with; VALIDATION_ERROR names each field that is wrong."""
    found = {**endpoint.fixed, **_from_path(endpoint, request.path_params)}
    if endpoint.in_query or endpoint.input is None:
        given = _from_query(endpoint.input if endpoint.in_query else None, request.scope["query_string"])
        if not endpoint.in_query:
            await _nothing(request)
    else:
        _from_query(None, request.scope["query_string"])
        given = await from_body(endpoint.input, request, nul=endpoint.verb in SEEKS)
    if given is None:
        return found
    return found | ({endpoint.wraps: given} if endpoint.wraps else msgspec.structs.asdict(given))


def _from_path(endpoint: Endpoint, values: dict[str, Any]) -> dict[str, Any]:
    """What cannot be in a path names nothing that is there."""
    try:
        found = {name: msgspec.convert(values[name], hint, strict=False) for name, hint in endpoint.path.items()}
    except msgspec.ValidationError:
        raise SavantError(ErrorCode.NOT_FOUND, "There is nothing at this address.") from None
    if any(isinstance(value, str) and "\0" in value for value in found.values()):
        raise SavantError(ErrorCode.NOT_FOUND, "There is nothing at this address.")
    return found


def _from_query(input: type[msgspec.Struct] | None, query: bytes) -> Any:
    pairs = _pairs(query)
    lists = _lists(input) if input else frozenset[str]()
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise invalid({name: ["is given twice"]})
        else:
            given[name] = value
    if input is None:
        if given:
            raise invalid({name: ["is not a parameter of this address"] for name in given})
        return None
    return _checked(lambda: msgspec.convert(given, input, strict=False))


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise invalid({}, "The query cannot be read.") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise invalid({}, "A text must not contain the character NUL.")
    return pairs


async def _nothing(request: Request[Any, Any, Any]) -> None:
    """An empty body, or an empty object, where nothing is asked for."""
    if (await request.body()).strip() not in (b"", b"{}"):
        raise invalid({}, "Nothing is taken in the body of this request.")


async def from_body(input: type[Taken], request: Request[Any, Any, Any], *, nul: bool = False) -> Taken:
    """The body as a struct; VALIDATION_ERROR names each field that is wrong."""
    body = await request.body()
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise SavantError(ErrorCode.UNSUPPORTED, "The body must be JSON.", hint="Send Content-Type: application/json.")
    found = _checked(lambda: msgspec.json.decode(body or b"{}", type=input))
    if not nul and b"\\u0000" in body and _has_nul(msgspec.json.decode(body)):
        raise invalid({}, "A text must not contain the character NUL.")
    return found


def _checked(read: Any) -> Any:
    try:
        return read()
    except msgspec.ValidationError as error:
        raise invalid(_details(str(error))) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid({}, f"The body is not JSON: {error}.") from None


def _details(text: str) -> dict[str, list[str]]:
    """`Expected `int`, got `str` - at `$.limit`` -> {"limit": ["Expected `int`, got `str`"]}."""
    placed = _PLACE.match(text)
    message, place = (placed["message"], placed["place"].removeprefix("$").lstrip(".")) if placed else (text, "")
    field = _FIELD.match(message)
    if field is not None:
        missing = "missing" in message
        return {".".join(filter(None, [place, field["field"]])): ["is missing" if missing else "is not known"]}
    return {place or "body": [message]}


def invalid(details: dict[str, list[str]], message: str | None = None) -> SavantError:
    """A VALIDATION_ERROR that says what is wrong with each field."""
    said = "; ".join(f"{name}: {', '.join(problems)}" for name, problems in details.items())
    return SavantError(ErrorCode.VALIDATION, message or f"{said}.", details=details)


@cache
def _lists(input: type[msgspec.Struct]) -> frozenset[str]:
    """The parameters that may be given more than once."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(input) if _is_list(field.type))


def _is_list(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_origin(hint) in (list, tuple)


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_has_nul(key) or _has_nul(inner) for key, inner in value.items())
        case list():
            return any(_has_nul(inner) for inner in value)
        case _:
            return False
