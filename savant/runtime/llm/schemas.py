"""What providers make of JSON Schema: each takes a part of it only."""

from __future__ import annotations

from typing import Any

import msgspec

_KEPT = frozenset({"type", "required", "enum", "const", "$ref", "description", "title"})


def is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes it: every object closed, with all its properties required."""
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "object" or "properties" in schema:
        properties: dict[str, Any] = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", [])) != set(properties):
            return False
    return "oneOf" not in schema and all(is_strict(part) for part in _parts(schema))


def narrowed(schema: Any) -> dict[str, Any] | None:
    """The nearest schema that Anthropic's structured outputs take: objects closed, limits on values left out.

    What fits the closed objects fits the open ones too; the limits are for whoever validates the answer. None if
    it cannot be said: an object whose properties are not named.
    """
    if not isinstance(schema, dict):
        return None
    if schema.get("type") == "object" and (
        "properties" not in schema or isinstance(schema.get("additionalProperties"), dict)
    ):
        return None
    nested = {key: _each(schema[key]) for key in ("properties", "$defs") if key in schema}
    nested |= {"items": narrowed(schema["items"])} if "items" in schema else {}
    choices = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    nested |= {"anyOf": _all(choices)} if choices else {}
    if None in nested.values() or not (set(schema) & {"type", "enum", "const", "$ref", "anyOf", "oneOf"}):
        return None
    closed = {"additionalProperties": False} if schema.get("type") == "object" else {}
    return {key: value for key, value in schema.items() if key in _KEPT} | nested | closed


def asked_in_words(schema: dict[str, Any]) -> str:
    text = msgspec.json.encode(schema).decode()
    return f"Answer with one JSON object of this JSON Schema, and nothing else:\n{text}"


def _each(schemas: dict[str, Any]) -> dict[str, Any] | None:
    parts = {name: narrowed(part) for name, part in schemas.items()}
    return None if None in parts.values() else parts


def _all(schemas: list[Any]) -> list[Any] | None:
    parts = [narrowed(part) for part in schemas]
    return None if None in parts else parts


def _parts(schema: dict[str, Any]) -> list[Any]:
    named = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    items = [schema["items"]] if "items" in schema else []
    return [*named, *items, *schema.get("anyOf", [])]
