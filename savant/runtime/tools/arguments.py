"""What is wrong with the arguments of a call, said so that a model can mend all of it at once."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.nearest import nearest


def diagnose(tool: str, struct: type[msgspec.Struct], arguments: dict[str, Any], error: Exception) -> SavantError:
    """TOOL_BAD_ARGUMENTS naming each wrong argument, what was expected, and the nearest valid name."""
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    problems = (
        unknown_names(arguments, fields)
        + _missing(arguments, fields)
        + [problem for name, field in fields.items() if (problem := _wrong(name, field, arguments))]
    )
    return bad_arguments(tool, problems or [str(error)], list(fields))


def bad_arguments(tool: str, problems: list[str], names: list[str]) -> SavantError:
    """One error for all `problems` of one call of `tool`, whose valid argument names are `names`."""
    takes = f"It takes: {', '.join(names)}." if names else "It takes no arguments."
    return SavantError(
        ErrorCode.TOOL_BAD_ARGUMENTS,
        f"Bad arguments for {tool}: {'; '.join(problems)}.",
        hint=takes,
        details={"tool": tool, "problems": problems},
    )


def unknown_names(arguments: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """One problem for each argument that there is not, with the nearest that there is."""
    unknown = [name for name in arguments if name not in known]
    return [f"there is no argument `{name}`{_guess(name, known)}" for name in unknown]


def _guess(name: str, known: dict[str, Any]) -> str:
    guess = nearest(name, known)
    return f" (did you mean `{guess}`?)" if guess else ""


def _missing(arguments: dict[str, Any], fields: dict[str, msgspec.structs.FieldInfo]) -> list[str]:
    missing = [field for name, field in fields.items() if field.required and name not in arguments]
    return [f"`{field.name}` is missing ({_type_name(field.type)})" for field in missing]


def _wrong(name: str, field: msgspec.structs.FieldInfo, arguments: dict[str, Any]) -> str | None:
    if name not in arguments:
        return None
    try:
        msgspec.convert(arguments[name], field.type)
    except (msgspec.ValidationError, ValueError) as error:
        message, _, place = str(error).partition(" - at `$")
        return f"`{name}{place.rstrip('`')}`: {message[:1].lower()}{message[1:]}"
    return None


def _type_name(type_: Any) -> str:
    schema = msgspec.json.schema(type_)
    kinds = [schema.get("type"), *(option.get("type") for option in schema.get("anyOf", []))]
    return " or ".join(kind for kind in kinds if kind) or "a value"
