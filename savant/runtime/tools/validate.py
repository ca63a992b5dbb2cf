"""JSON Schemas that are not ours (an MCP tool's, an agent's `output_schema`), checked with readable findings."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.arguments import bad_arguments, unknown_names

if TYPE_CHECKING:
    import jsonschema_rs

MAX_PROBLEMS = 20


def check_schema(schema: dict[str, Any]) -> None:
    """Raise INVALID_DEFINITION if `schema` is no JSON Schema that can be used offline."""
    _validator(_canonical(schema))


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with `value`, one readable line each with its path (`items[2].name: ...`); at most 20."""
    found: list[str] = []
    try:
        for error in _validator(_canonical(schema)).iter_errors(value):
            found.append(f"{_path(error.instance_path)}{error.message}")
            if len(found) == MAX_PROBLEMS:
                break
    except (ValueError, OverflowError) as error:
        found.append(f"it cannot be written as JSON: {error}")
    return found


def check_arguments(tool: str, schema: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Raise TOOL_BAD_ARGUMENTS if `arguments` do not fit the tool's schema, naming each and the nearest valid."""
    found = problems(schema, arguments)
    if not found:
        return
    known: dict[str, Any] = schema.get("properties") or {}
    guesses = unknown_names(arguments, known) if schema.get("additionalProperties") is False else []
    raise bad_arguments(tool, [*guesses, *found], list(known))


def _canonical(schema: dict[str, Any]) -> bytes:
    return msgspec.json.encode(schema, order="deterministic")


@functools.lru_cache(maxsize=512)
def _validator(schema: bytes) -> jsonschema_rs.Validator:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(msgspec.json.decode(schema), offline=True)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise SavantError(
            ErrorCode.INVALID_DEFINITION,
            f"This is not a usable JSON Schema: {str(error).splitlines()[0]}.",
            hint="References must lie inside the schema itself; nothing is fetched.",
        ) from None


def _path(parts: list[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
    return f"{text}: " if text else ""
