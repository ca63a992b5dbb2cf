"""Values as lines a person can compare: prompts message by message, everything else as indented JSON."""

from __future__ import annotations

import difflib
from typing import Any

import msgspec

from savant.runtime.blobs import canonical

CONTEXT = 2


def lines(value: Any) -> list[str]:
    """The value line by line; None is nothing."""
    if value is None:
        return []
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        return _prompt(value)
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return _members(value)
    return _json(value)


def unified(recorded: Any, current: Any) -> str:
    """A unified difference, without file names; empty if the two read the same."""
    return "\n".join(["--- recorded", "+++ now", *found] if (found := unified_lines(recorded, current)) else [])


def unified_lines(first: Any, second: Any) -> list[str]:
    """The same line by line, without a heading: `@@`, and lines that begin with a space, `-` or `+`."""
    found = _hunks(lines(first), lines(second))
    if not found and canonical(first) != canonical(second):
        found = _hunks(_json(first), _json(second))
    return found


def _hunks(before: list[str], after: list[str]) -> list[str]:
    return list(difflib.unified_diff(before, after, lineterm="", n=CONTEXT))[2:]


def _members(value: dict[str, Any]) -> list[str]:
    """`name: value`, with texts of several lines below their name."""
    shown: list[str] = []
    for name in sorted(value):
        member = value[name]
        inside = member.splitlines() if isinstance(member, str) else _json(member)
        if len(inside) == 1:
            shown.append(f"{name}: {inside[0]}")
        else:
            shown += [f"{name}:", *(f"  {line}" for line in inside)]
    return shown


def _prompt(value: dict[str, Any]) -> list[str]:
    rest = {name: member for name, member in value.items() if name != "messages"}
    shown = _members(rest)
    for message in value["messages"]:
        shown.append(f"[{message.get('role', '')}]")
        shown += str(message.get("content", "")).splitlines()
        for call in message.get("tool_calls", []):
            shown.append(f"-> {call.get('name')} {canonical(call.get('arguments', {})).decode()}")
    return shown


def _json(value: Any) -> list[str]:
    return msgspec.json.format(canonical(value)).decode().splitlines()
