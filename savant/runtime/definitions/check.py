"""Plain data against a schema's Struct: every problem found, each at its own place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from savant.errors import ErrorCode, Position, SavantError
from savant.runtime.definitions.positions import At, Positions, did_you_mean, dotted

_NAMES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_BOUND = re.compile(r"Expected `[^`]+` ((?:>=|>|<=|<) \S+)")
_PLACE = re.compile(r"(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_PLACE_PARTS = re.compile(r"\[(\d+)\]|\.([^.\[]+)")


def problem(message: str, position: Position | None, hint: str | None, at: At) -> SavantError:
    """One finding in a definition."""
    return SavantError(
        ErrorCode.INVALID_DEFINITION, message, hint=hint, position=position, details={"at": list(at)} if at else None
    )


def check(data: Any, type: Any, positions: Positions | None, at: At = ()) -> list[SavantError]:
    """What keeps `data` from being a `type`: unknown keys, missing keys, wrong values."""
    type = _plain_type(type, data)
    if is_struct(type) and isinstance(data, dict):
        return _check_struct(data, type, positions, at)
    origin, arguments = get_origin(type), get_args(type)
    if origin is dict and isinstance(data, dict):
        return _flat(check(member, arguments[1], positions, (*at, key)) for key, member in data.items())
    if origin is list and isinstance(data, list):
        return _flat(check(item, arguments[0], positions, (*at, number)) for number, item in enumerate(data))
    try:
        msgspec.convert(data, type)
    except msgspec.ValidationError as error:
        return [_explain(error, data, type, positions, at)]
    return []


def is_struct(type: Any) -> bool:
    return isinstance(type, msgspec.StructMeta)


def _flat(found: Iterable[list[SavantError]]) -> list[SavantError]:
    return [error for errors in found for error in errors]


def _plain_type(type: Any, data: Any) -> Any:
    """The member of a union that such data must be meant as."""
    if get_origin(type) not in (Union, UnionType):
        return type
    members = [member for member in get_args(type) if member not in (None.__class__, msgspec.UnsetType)]
    if data is None and None.__class__ in get_args(type):
        return type
    for member in members:
        if isinstance(data, dict) and is_struct(member):
            return member
    return members[0] if len(members) == 1 else type


def _check_struct(data: dict[str, Any], type: Any, positions: Positions | None, at: At) -> list[SavantError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(type)}
    found: list[SavantError] = []
    for key, member in data.items():
        here = (*at, key)
        if key in fields:
            found += check(member, fields[key].type, positions, here)
        else:
            where = f" in `{dotted(at)}`" if at else ""
            hint = did_you_mean(key, fields, among="Known here")
            found.append(problem(f"Unknown key `{key}`{where}.", positions and positions.key(here), hint, here))
    for name, field in fields.items():
        if field.required and name not in data:
            message = f"`{dotted((*at, name))}` is missing."
            found.append(problem(message, positions and positions.value(at), f"Add `{name}:`.", (*at, name)))
    return found


def _explain(error: Exception, data: Any, type: Any, positions: Positions | None, at: At) -> SavantError:
    match = _PLACE.match(str(error))
    message, place = (match[1], match[2] or "") if match else (str(error), "")
    here = at + tuple(int(number) if number else name for number, name in _PLACE_PARTS.findall(place))
    subject = f"`{dotted(here)}`" if here else "The definition"
    position = positions and positions.value(here)
    if choices := _choices(type):
        hint = did_you_mean(str(data), choices)
        return problem(f"{subject} must be one of {', '.join(choices)}.", position, hint, here)
    if wrong := _EXPECTED.match(message):
        wanted, got = (_friendly(part) for part in wrong.groups())
        hint = "Put it in quotes if it is text." if wanted == "text" and got not in ("a list", "a mapping") else None
        return problem(f"{subject} must be {wanted}, not {got}.", position, hint, here)
    if bound := _BOUND.match(message):
        return problem(f"{subject} must be {bound[1]}.", position, None, here)
    if "of length >=" in message:
        return problem(f"{subject} is empty.", position, None, here)
    if "matching regex" in message:
        hint = "Use lower-case letters, digits and `-` between them."
        return problem(f"{subject} is not a slug.", position, hint, here)
    return problem(f"{subject}: {message}.", position, None, here)


def _choices(type: Any) -> list[str]:
    if get_origin(type) is Annotated:
        type = get_args(type)[0]
    return [str(choice) for choice in get_args(type)] if get_origin(type) is Literal else []


def _friendly(expected: str) -> str:
    names = [_NAMES.get(part.strip(), part.strip()) for part in expected.split("|")]
    return " or ".join(name for name in names if name != "nothing" or len(names) == 1)
