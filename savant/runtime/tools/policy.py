"""Which tools an agent may call: deny beats ask beats allow, and what no rule names is denied.

A rule is a glob over tool names, with or without globs over arguments: `git.*`, `shell.run(command="rm *")`.
`*` also matches `/`, `.` and line ends. Arguments that are paths are compared after `.` and `..` are resolved.
"""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.base import ToolSpec
from savant.schemas.agents import ToolPolicy

Action = Literal["allow", "ask", "deny"]


class Decision(NamedTuple):
    """What the policy says of one call, and the rule that says so; None where no rule names the tool."""

    action: Action
    rule: str | None


class Rule(NamedTuple):
    """One parsed rule: a glob over names, and globs over arguments, all of which must match."""

    text: str
    name: str
    arguments: tuple[tuple[str, str], ...]

    def names(self, tool: str) -> bool:
        """Whether the rule speaks of this tool, whatever the arguments."""
        return fnmatch.fnmatchcase(tool, self.name)

    def matches(self, tool: str, arguments: dict[str, Any], *, every: bool) -> bool:
        """Whether it speaks of this call; of a list, `every` element must match, or else any."""
        return self.names(tool) and all(
            name in arguments and _argument_matches(name, glob, arguments[name], every=every)
            for name, glob in self.arguments
        )


def decide(policy: ToolPolicy, tool: str, arguments: dict[str, Any]) -> Decision:
    """What may happen to this call. Raises INVALID_DEFINITION where a rule cannot be read."""
    rules: tuple[tuple[Action, Sequence[str]], ...] = (
        ("deny", policy.deny),
        ("ask", policy.ask),
        ("allow", policy.allow),
    )
    for action, texts in rules:
        for text in texts:
            if parse(text).matches(tool, arguments, every=action == "allow"):
                return Decision(action, text)
    return Decision("deny", None)


def visible(policy: ToolPolicy, specs: Iterable[ToolSpec]) -> list[ToolSpec]:
    """The tools an agent may be shown: some call of them is allowed or asked for, and not all are denied."""
    offered = [parse(text) for text in [*policy.allow, *policy.ask]]
    denied = [rule for rule in map(parse, policy.deny) if not rule.arguments]
    return [spec for spec in specs if _any_names(offered, spec.name) and not _any_names(denied, spec.name)]


def check(policy: ToolPolicy) -> None:
    """Read every rule; raises INVALID_DEFINITION for the first that cannot be read."""
    for text in [*policy.deny, *policy.ask, *policy.allow]:
        parse(text)


def unmatched(policy: ToolPolicy, specs: Iterable[ToolSpec]) -> list[str]:
    """The rules that name no tool there is: most likely mistyped."""
    names = [spec.name for spec in specs]
    texts = [*policy.deny, *policy.ask, *policy.allow]
    return [text for text in texts if not any(parse(text).names(name) for name in names)]


_NAME = re.compile(r"\s*([A-Za-z0-9_.\-*?\[\]!]+)\s*")
_ARGUMENT = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_\-]*)\s*=\s*("(?:[^"\\]|\\.)*"|[A-Za-z0-9_.*?\-]+)\s*')


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Rule:
    """Read one rule; raises INVALID_DEFINITION with the column of what cannot be read."""
    name = _NAME.match(text)
    if not name:
        raise _unreadable(text, 0, "a tool name or glob such as `git.*`")
    if name.end() == len(text):
        return Rule(text, name[1], ())
    if text[name.end()] != "(":
        raise _unreadable(text, name.end(), "`(` or the end of the rule")
    return Rule(text, name[1], tuple(_arguments(text, name.end() + 1)))


def _arguments(text: str, at: int) -> Iterable[tuple[str, str]]:
    while True:
        found = _ARGUMENT.match(text, at)
        if not found:
            raise _unreadable(text, at, 'an argument such as `command="rm *"`')
        yield found[1], _value(text, found)
        at = found.end() + 1
        match text[found.end() : at]:
            case ",":
                continue
            case ")" if not text[at:].strip():
                return
            case ")":
                raise _unreadable(text, at, "nothing after `)`")
            case _:
                raise _unreadable(text, found.end(), "`,` or `)`")


def _value(text: str, found: re.Match[str]) -> str:
    if not found[2].startswith('"'):
        return found[2]
    try:
        return msgspec.json.decode(found[2], type=str)
    except msgspec.DecodeError:
        raise _unreadable(
            text, found.start(2), 'a quoted glob (write `\\\\` for a backslash, `\\"` for a quote)'
        ) from None


def _unreadable(text: str, at: int, expected: str) -> SavantError:
    return SavantError(
        ErrorCode.INVALID_DEFINITION,
        f"Cannot read the tool rule `{text}`: expected {expected} at column {at + 1}.",
        hint='Rules look like `git.*` or `shell.run(command="rm *")`.',
    )


def _argument_matches(name: str, glob: str, value: Any, *, every: bool) -> bool:
    if isinstance(value, list | tuple):
        found = [_text_matches(name, glob, item) for item in value]
        return bool(found) and (all(found) if every else any(found))
    return _text_matches(name, glob, value)


def _text_matches(name: str, glob: str, value: Any) -> bool:
    text = value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
    if name in ("path", "paths", "cwd") or name.endswith(("_path", "_paths")):
        # `./secrets/key` and `a/../secrets/key` are `secrets/key`: no rule may be walked around by spelling.
        text, glob = posixpath.normpath(text), posixpath.normpath(glob)
    return fnmatch.fnmatchcase(text, glob)


def _any_names(rules: list[Rule], tool: str) -> bool:
    return any(rule.names(tool) for rule in rules)
