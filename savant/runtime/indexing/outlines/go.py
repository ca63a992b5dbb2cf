"""Definitions of Go as gofmt lays it out: what is declared begins and ends at the left edge."""

from __future__ import annotations

import re

from savant.runtime.indexing.definition import MAX_NAME, Definition
from savant.runtime.indexing.outlines.marks import marked

_CODE = re.compile(r"""(?:[^`"'/]++|"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+'|//[^\n]*+|/(?![/*]))*+""")
_HIDDEN = re.compile(r"`[^`]*+`|/\*(?:[^*]++|\*(?!/))*+\*/")
_HEAD = re.compile(
    r"\n(?P<tab>\t?)(?:func (?:\((?P<owner>[^()\n]*)\) )?(?P<function>\w+)(?=[(\[])"
    r"|type (?:(?P<type>\w+)(?=[ \[]))?)(?P<rest>[^\n]*)"
)
_OWNER = re.compile(r"\s*(?:\w+\s+)?\**\s*(\w+)")
_ALIAS = re.compile(r"(?:\[.*\])? = ")
_PAIRS = ("()", "[]", "{}")
_CLOSING = {"{": "}", "(": ")", ",": ")"}


def definitions(text: str, lines: list[str]) -> list[Definition] | None:
    """The definitions of a file, outer before inner; None if it is laid out in another way."""
    code = marked(text, _CODE, _HIDDEN) if "`" in text or "/*" in text else text
    if code is None or "\r" in text:
        return None
    code = f"\n{code}"
    found: list[Definition] = []
    line = at = inside = outer = 0
    for head in _HEAD.finditer(code):
        line += code.count("\n", at, head.start() + 1)
        at = head.start() + 1
        if head["tab"] and (at > inside or head["function"]):
            continue  # deeper than what is outlined
        end = _end(code, head)
        if end is None or (not head["tab"] and at < inside):
            return None
        inside = inside if head["tab"] else end
        if head["type"] and _ALIAS.match(head["rest"]):
            continue
        if not head["tab"]:
            outer = line
        first = _first(lines, line, head["tab"])
        if first is not None and head["tab"] and _begins(lines, outer, first):
            first = line
        if first is None:
            return None
        last = line + code.count("\n", at, end)
        found.append(Definition(_name(head)[:MAX_NAME], _kind(head), first, last, line))
    found.sort(key=lambda one: (one.first_line, -one.last_line))
    return found


def _end(code: str, head: re.Match[str]) -> int | None:
    """Where the line ends on which a declaration ends; None if that is not certain."""
    rest = head["rest"].rstrip()
    opening = rest[-1:]
    if "//" in rest or not (head["function"] or head["type"]):
        return None
    if opening not in _CLOSING:
        return head.end() if all(rest.count(one) == rest.count(other) for one, other in _PAIRS) else None
    closing = "}" if head["function"] else _CLOSING[opening]
    close = code.find(f"\n{head['tab']}{closing}", head.end())
    if close < 0:
        return None
    end = code.find("\n", close + 1)
    end = end if end > 0 else len(code)
    return end if code[close:end].strip() == closing else None


def _first(lines: list[str], line: int, tab: str) -> int | None:
    """The first line of the comments right above a line, or the line; None below a comment of another kind."""
    comment = f"{tab}//"
    while line > 1 and lines[line - 2].startswith(comment):
        line -= 1
    return None if line > 1 and lines[line - 2].rstrip().endswith("*/") else line


def _begins(lines: list[str], outer: int, line: int) -> bool:
    """Whether nothing but comments stands between the head of a function and a line: they are the function's then."""
    before = line - 1
    while before > outer and lines[before - 1].lstrip()[:2] in ("", "//"):
        before -= 1
    return before == outer or lines[before - 1].startswith(")")


def _kind(head: re.Match[str]) -> str:
    return "type" if head["type"] else "function" if head["owner"] is None else "method"


def _name(head: re.Match[str]) -> str:
    if head["type"]:
        return head["type"]
    owner = _OWNER.match(head["owner"]) if head["owner"] else None
    return f"{owner[1]}.{head['function']}" if owner else head["function"]
