"""What expressions may call: strict lookups, and the filters whose minijinja form is unbounded, lenient or HTML."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import minijinja

from savant.runtime.definitions.positions import did_you_mean
from savant.runtime.workflows.tokens import FILTERS, Fault

FUEL = 200_000
MAX_REPEATED = 100_000
MAX_TEXT = 10_000_000
_INT64 = 2**63


class _Missing:
    """What a guarded reference (`x.y | default(1)`, `x.y is defined`) gives when there is nothing."""


MISSING = _Missing()


@cache
def environment() -> minijinja.Environment:
    """The one minijinja environment; it has no loader, and templates are never rendered in it."""
    made = minijinja.Environment(undefined_behavior="strict", fuel=FUEL, pycompat=False, debug=False)
    for function in (_get, _find, _join, _times):
        made.add_global(function.__name__, function)
    made.add_global("range", _range)
    for name, function in _FILTERS.items():
        made.add_filter(name, function)
    made.add_test("defined", _is_defined)
    made.add_test("undefined", _is_undefined)
    return made


def look_up(value: Any, key: Any, label: str) -> Any:
    """One member of a JSON value; raises ValueError that names what there is instead."""
    if isinstance(value, dict):
        if key in value:
            return value[key]
        hint = did_you_mean(str(key), map(str, value), among="It has")
        raise ValueError(f"{label} has no `{key}`. {hint or 'It is empty.'}")
    if isinstance(value, list | tuple) and isinstance(key, int) and not isinstance(key, bool):
        if -len(value) <= key < len(value):
            return value[key]
        raise ValueError(f"{label} has {len(value)} items, and no [{key}].")
    if value is None:
        raise ValueError(f"{label} is null, and has no `{key}`.")
    raise ValueError(f"{label} is {describe(value)}, and has no `{key}`.")


def describe(value: Any) -> str:
    """A JSON value's type for people."""
    names = {dict: "a mapping", list: "a list", tuple: "a list", str: "text", bool: "true or false"}
    names |= {int: "a number", float: "a number"}
    return names.get(type(value), "null" if value is None else "text" if isinstance(value, str) else "another value")


def text(value: Any) -> str:
    """A value inside text: text as it is, anything else as JSON."""
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def extend(label: str, key: Any) -> str:
    return f"{label}[{key}]" if isinstance(key, int) else f"{label}.{key}"


def _get(label: str, value: Any, *lookups: Any) -> Any:
    for offset, key in zip(lookups[::2], lookups[1::2], strict=True):
        try:
            value = look_up(value, key, f"`{label}`" if label else "The value")
        except ValueError as error:
            raise Fault(str(error), offset) from None
        label = extend(label, key) if label else ""
    return value


def _find(label: str, value: Any, *lookups: Any) -> Any:
    try:
        return _get(label, value, *lookups)
    except Fault:
        return MISSING


def _join(*values: Any) -> str:
    return _bounded("".join(text(value) for value in values))


def _times(left: Any, right: Any) -> Any:
    if isinstance(left, str | list | tuple):
        if not isinstance(right, int) or len(left) * right > MAX_REPEATED:
            raise ValueError(f"Only a whole number repeats a value, to at most {MAX_REPEATED:,} characters or items.")
        return left * right
    if isinstance(right, str | list | tuple):
        raise ValueError("A number cannot be multiplied with text or a list.")
    if isinstance(left, int) and isinstance(right, int) and abs(left * right) >= _INT64:
        raise ValueError("The number does not fit in 64 bits.")
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise ValueError("Only numbers can be multiplied.")
    return left * right


def _range(*bounds: int) -> list[int]:
    numbers = range(*bounds)
    if len(numbers) > MAX_REPEATED:
        raise ValueError(f"A range has at most {MAX_REPEATED:,} items.")
    return list(numbers)


def _bounded(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise ValueError(f"The text is longer than {MAX_TEXT:,} characters.")
    return value


def _is_defined(value: Any) -> bool:
    return value is not MISSING


def _is_undefined(value: Any) -> bool:
    return value is MISSING


def _default(value: Any, other: Any = "", falsy: bool = False) -> Any:
    missing = value is MISSING or value is None or (falsy and not value)
    return other if missing else value


def _edge(index: int, strict: bool) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        items = _items(value)
        if not items and strict:
            raise ValueError("The list is empty. Check its length, or add `| default(...)`.")
        return items[index] if items else None

    return take


def _extreme(function: Callable[[list[Any]], Any]) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        items = _items(value)
        if not items:
            raise ValueError("The list is empty. Check its length first.")
        return function(items)

    return take


def _items(value: Any) -> list[Any]:
    if not isinstance(value, str | list | tuple):
        raise ValueError(f"A list is needed, not {describe(value)}.")
    return list(value)


def _join_filter(value: Any, separator: str = "", attribute: str | None = None) -> str:
    items = _items(value) if attribute is None else _map(value, attribute=attribute)
    separator = text(separator)
    if len(separator) * len(items) > MAX_TEXT:
        raise ValueError(f"The text is longer than {MAX_TEXT:,} characters.")
    return _bounded(separator.join(text(item) for item in items))


def _replace(value: Any, old: str, new: str) -> str:
    value = text(value)
    if value.count(old) * len(new) > MAX_TEXT:
        raise ValueError(f"The text is longer than {MAX_TEXT:,} characters.")
    return value.replace(old, new)


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=None if indent is None else min(int(indent), 8))


def _indent(value: Any, width: int = 4, first: bool = False) -> str:
    pad = " " * min(max(int(width), 0), 80)
    lines = text(value).split("\n")
    padded = [line if not line or (number == 0 and not first) else pad + line for number, line in enumerate(lines)]
    return _bounded("\n".join(padded))


def _map(value: Any, name: str | None = None, *arguments: Any, attribute: Any = None, default: Any = MISSING) -> Any:
    items = _items(value)
    if attribute is not None:
        return [_attribute(item, attribute, default) for item in items]
    if name not in FILTERS:
        raise ValueError(f"There is no filter `{name}`. {did_you_mean(str(name), FILTERS) or ''}".strip())
    context = {f"a{number}": argument for number, argument in enumerate(arguments)}
    call = f"value | {name}({', '.join(context)})"
    return [environment().eval_expr(call, value=item, **context) for item in items]


def _attribute(item: Any, attribute: Any, default: Any) -> Any:
    for key in str(attribute).split("."):
        try:
            item = look_up(item, int(key) if key.isdigit() else key, "An item")
        except ValueError:
            if default is MISSING:
                raise
            return default
    return item


_FILTERS: dict[str, Callable[..., Any]] = {
    "default": _default,
    "d": _default,
    "first": _edge(0, True),
    "last": _edge(-1, True),
    "first_or_none": _edge(0, False),
    "last_or_none": _edge(-1, False),
    "max": _extreme(max),
    "min": _extreme(min),
    "join": _join_filter,
    "replace": _replace,
    "tojson": _to_json,
    "string": text,
    "indent": _indent,
    "map": _map,
}
