"""A workflow's inputs: what is declared, against what is given."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.load import raise_all
from savant.runtime.definitions.positions import did_you_mean
from savant.schemas.workflows import InputType, WorkflowDefinition, WorkflowInput

_TYPES: dict[InputType, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
NAMES: dict[InputType, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "any": "anything",
}


def coerce_inputs(workflow: WorkflowDefinition, raw: dict[str, Any]) -> dict[str, Any]:
    """Inputs from a command line: text becomes the declared type, then as `resolve_inputs`."""
    given = {
        name: _from_text(name, value, workflow.inputs[name].type)
        if isinstance(value, str) and name in workflow.inputs
        else value
        for name, value in raw.items()
    }
    return resolve_inputs(workflow, given)


def resolve_inputs(workflow: WorkflowDefinition, given: dict[str, Any]) -> dict[str, Any]:
    """Every declared input with its value or default; raises VALIDATION, all problems at once.

    An input that is not required and has no default is null.
    """
    errors = [_unknown(workflow, name) for name in given if name not in workflow.inputs]
    resolved: dict[str, Any] = {}
    for name, declared in workflow.inputs.items():
        if name in given:
            resolved[name] = given[name]
            if problem := mismatch(declared, given[name]):
                errors.append(_wrong(f"The input `{name}` {problem}."))
        elif declared.default is not msgspec.UNSET:
            resolved[name] = declared.default
        elif declared.required:
            errors.append(_wrong(f"The input `{name}` is missing.", f"Give it with `-i {name}=...`."))
        else:
            resolved[name] = None
    raise_all(errors)
    return resolved


def mismatch(declared: WorkflowInput, value: Any) -> str | None:
    """What keeps a value from being this input, as the end of a sentence; None if it fits."""
    if value is None and not declared.required:
        return None
    if not fits(value, declared.type):
        return f"must be {NAMES[declared.type]}"
    if declared.enum is not None and value not in declared.enum:
        return f"must be one of {', '.join(str(choice) for choice in declared.enum)}"
    return None


def fits(value: Any, type: InputType) -> bool:
    """Whether a JSON value is of a declared type; true is no number."""
    if type == "any":
        return True
    if isinstance(value, bool):
        return type == "boolean"
    if type == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[type])


def _from_text(name: str, value: str, type: InputType) -> Any:
    if type in ("string", "any"):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        raise _wrong(
            f"The input `{name}` must be {NAMES[type]}, not `{value[:60]}`.", "Lists and mappings are written as JSON."
        ) from None


def _unknown(workflow: WorkflowDefinition, name: str) -> SavantError:
    hint = did_you_mean(name, workflow.inputs, among="Its inputs") or "It has no inputs."
    return _wrong(f"The workflow has no input `{name}`.", hint)


def _wrong(message: str, hint: str | None = None) -> SavantError:
    return SavantError(ErrorCode.VALIDATION, message, hint=hint)
