"""Globs over paths, as .gitignore writes them: `*` stays within a name, `**` crosses folders."""

from __future__ import annotations

import re

from savant.runtime.tools.engine import bad_argument

_PART = re.compile(r"(\*\*/)|(\*\*)|(\*)|(\?)|(\[[!^]?\]?[^\]]*\])|(\{[^{}]*\})|(.)", re.DOTALL)


def compiled(glob: str) -> re.Pattern[str]:
    """The glob as an expression over whole relative paths; without a `/` it is compared with the name alone."""
    pattern = glob.removeprefix("./")
    if not pattern or pattern.startswith("/"):
        raise bad_argument(f"`{glob}` is not a glob of relative paths.", "Write it like `src/**/*.py` or `*.md`.")
    prefix = "" if "/" in pattern else "(?:.*/)?"
    try:
        return re.compile(prefix + _translated(pattern) + r"\Z", re.DOTALL)
    except re.error as error:
        raise bad_argument(f"The glob `{glob}` cannot be read: {error}.") from None


def _translated(pattern: str) -> str:
    return "".join(_expression(found) for found in _PART.finditer(pattern))


def _expression(found: re.Match[str]) -> str:
    match found.lastindex:
        case 1:
            return "(?:[^/]+/)*"
        case 2:
            return ".*"
        case 3:
            return "[^/]*"
        case 4:
            return "[^/]"
        case 5:
            inside = re.sub(r"([\\&~|\[])", r"\\\1", found[0][1:-1])
            return f"(?!/)[{'^' + inside[1:] if inside[:1] in '!^' else inside}]"
        case 6:
            return f"(?:{'|'.join(_translated(option) for option in found[0][1:-1].split(','))})"
        case _:
            return re.escape(found[0])
