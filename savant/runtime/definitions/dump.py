"""Definitions as YAML a person would have written: block text, defaults left out, keys in a fixed order."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from savant.runtime.definitions.load import Definition
from savant.runtime.definitions.yaml import plain_scalar

_LAST = ("instructions", "rules", "inputs", "budget", "steps", "outputs")
_FIRST = ("name", "slug", "description")
_LINE_BREAKS = ("\r", "\x85", "\u2028", "\u2029")


def dump(definition: Definition) -> str:
    """YAML that loads back as an equal definition."""
    return yaml.dump(_members(definition), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def dump_plain(data: Any) -> str:
    """YAML of plain JSON data, in the same hand, with its keys in the order they have."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def members(value: msgspec.Struct) -> dict[str, Any]:
    """A struct as plain data, in the order a person would write it, without what is as it is anyway."""
    return _members(value)


def _members(value: msgspec.Struct) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for field in sorted(msgspec.structs.fields(value), key=lambda field: _rank(field.encode_name)):
        member = getattr(value, field.name)
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if member is msgspec.UNSET or (default is not msgspec.NODEFAULT and _same(member, default)):
            continue
        members[field.encode_name] = _plain(member)
    return members


def _rank(name: str) -> tuple[int, int]:
    if name in _FIRST:
        return 0, _FIRST.index(name)
    return (2, _LAST.index(name)) if name in _LAST else (1, 0)


def _same(member: Any, default: Any) -> bool:
    return type(member) is type(default) and member == default


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _members(value)
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if any(character in text for character in _LINE_BREAKS):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif not _stays_text(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _stays_text(text: str) -> bool:
    try:
        return isinstance(plain_scalar(text), str)
    except ValueError:
        return False


_Dumper.add_representer(str, _text)
