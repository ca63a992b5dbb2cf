"""The inputs of a run as they are typed: `-i key=value`, a file, or stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.schemas.runs import PartLimits
from savant.schemas.workflows import WorkflowInput

_READS = {
    "string": None,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
}


def collect(pairs: list[str], file: str | None, declared: dict[str, WorkflowInput]) -> dict[str, Any]:
    """File first, single inputs over it; each text becomes the type its input is declared with."""
    inputs = _from_file(file) if file else {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise SavantError(ErrorCode.USAGE, f"`-i {pair}` is not NAME=VALUE.")
        inputs[name] = typed(name, text, declared[name].type if name in declared else "any")
    return inputs


def typed(name: str, text: str, type: str) -> Any:
    """`text` as a value of the type; `any` is JSON where it is JSON, and text otherwise."""
    if type == "string":
        return text
    if type == "any":
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
    try:
        if type in ("integer", "number", "boolean"):
            return msgspec.convert(text, _READS[type], strict=False)
        return msgspec.json.decode(text, type=_READS[type])
    except msgspec.MsgspecError as error:
        hint = "Write it as JSON." if type in ("array", "object") else None
        message = f"Input `{name}` takes a value of type {type}, not {text!r}."
        raise SavantError(ErrorCode.VALIDATION, message, hint=hint) from error


def limits(given: Iterable[str]) -> dict[str, PartLimits]:
    """`agent/helper.budget_usd=2` and the like, by the part of the run."""
    found: dict[str, dict[str, str]] = {}
    for each in given:
        name, _, value = each.partition("=")
        part, _, limit = name.rpartition(".")
        if not part or not value or limit not in PartLimits.__struct_fields__:
            named = ", ".join(PartLimits.__struct_fields__)
            hint = f"For example agent/helper.budget_usd=2; the names are {named}."
            raise SavantError(ErrorCode.USAGE, f"`--limit {each}` is not PART.NAME=N.", hint=hint)
        found.setdefault(part, {})[limit] = value
    try:
        return msgspec.convert(found, dict[str, PartLimits], strict=False)
    except msgspec.ValidationError as error:
        raise SavantError(ErrorCode.USAGE, f"A limit is a number: {error}.") from None


def goal(text: str | None) -> str | None:
    """The goal as given; `-` reads it from stdin."""
    if text != "-":
        return text
    read = piped().strip()
    if not read:
        raise SavantError(ErrorCode.USAGE, "No goal came on stdin.", hint="Pipe it in, or give it as an argument.")
    return read


def piped() -> str:
    """The text that comes on stdin."""
    try:
        text = sys.stdin.read()
        text.encode()
    except UnicodeError:
        raise SavantError(ErrorCode.USAGE, "What came on stdin is not UTF-8 text.") from None
    return text


def _from_file(file: str) -> dict[str, Any]:
    name = "stdin" if file == "-" else file
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        read = msgspec.json.decode(raw) if raw.lstrip()[:1] == b"{" else msgspec.yaml.decode(raw)
    except OSError as error:
        raise SavantError(ErrorCode.USAGE, f"Cannot read the inputs in {file}: {error.strerror}.") from error
    except msgspec.MsgspecError as error:
        raise SavantError(ErrorCode.VALIDATION, f"The inputs in {name} are neither JSON nor YAML: {error}.") from error
    if not isinstance(read, dict):
        raise SavantError(ErrorCode.VALIDATION, f"The inputs in {name} must be a mapping of names to values.")
    return {str(key): value for key, value in read.items()}
