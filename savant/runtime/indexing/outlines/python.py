"""Definitions of Python, by how far lines are set in."""

from __future__ import annotations

import functools
import re

from savant.runtime.indexing.definition import MAX_NAME, Definition
from savant.runtime.indexing.outlines.marks import MARK, marked

_CODE = re.compile(
    r"""(?:[^"'#]++|\#[^\n]*+|"(?!"")(?:[^"\\\n]++|\\.)*+"|'(?!'')(?:[^'\\\n]++|\\.)*+'|""(?!")|''(?!'))*+""",
    re.VERBOSE | re.DOTALL,
)
_HIDDEN = re.compile(r'''"""(?:[^"\\]++|\\.|"(?!""))*+"""|\'\'\'(?:[^'\\]++|\\.|'(?!''))*+\'\'\'''', re.DOTALL)
_HEAD = re.compile(
    r"\n(?P<indent> *)(?:@(?=\w)|(?P<word>async +def|def|class) +(?P<name>\w+)(?=[ (\[:]))(?P<rest>[^\n]*)"
)
_QUOTES = ('"""', "'''")
_ODD = re.compile(r"\n *\t")
# What cannot be the end of a statement: the next line belongs to it, however far it is set in.
_GOES_ON = tuple(",([{\\=+*|&<>%")


def definitions(text: str, lines: list[str]) -> list[Definition] | None:
    """The definitions of a file, outer before inner; None if its layout does not tell."""
    code = marked(text, _CODE, _HIDDEN) if any(quotes in text for quotes in _QUOTES) else text
    if code is None or "\r" in text or "\f" in text or ("\t" in text and _ODD.search(text)):
        return None
    code = f"\n{code}"
    found: list[Definition] = []
    line = at = 0
    decorated: tuple[int, int] | None = None
    for head in _HEAD.finditer(code):
        line += code.count("\n", at, head.start() + 1)
        at = head.start() + 1
        indent = len(head["indent"])
        if not head["word"]:
            decorated = decorated if decorated and decorated[0] == indent else (indent, line)
            continue
        own = decorated[1] if decorated and decorated[0] == indent else line
        decorated = None
        end = _end(code, head.end(), indent)
        if end is None:
            return None
        last = line + code.count("\n", at, end)
        kind = "class" if head["word"] == "class" else "function"
        found.append(Definition(head["name"][:MAX_NAME], kind, _first(lines, own, head["indent"]), last, own))
    found.sort(key=lambda one: (one.first_line, -one.last_line))
    return found


@functools.cache
def _dedent(indent: int) -> re.Pattern[str]:
    """The next line of code that is set in no further."""
    return re.compile(rf"\n {{0,{indent}}}(?=[^\s#)\]}}{MARK}])")


def _end(code: str, start: int, indent: int) -> int | None:
    """Where the last line of a block ends; None if it may go on."""
    after = _dedent(indent).search(code, start)
    end = after.start() if after else len(code)
    while True:
        end = len(code[start:end].rstrip()) + start
        begin = code.rfind("\n", 0, end) + 1
        last = code[begin:end]
        if begin <= start or not last.lstrip().startswith("#") or len(last) - len(last.lstrip()) > indent:
            break
        end = begin
    return None if last.endswith(_GOES_ON) else end


def _first(lines: list[str], line: int, indent: str) -> int:
    """The first line of the comments right above a line, or the line where they are the first in their block."""
    comment = f"{indent}#"
    first = line
    while first > 1 and lines[first - 2].startswith(comment):
        first -= 1
    before = first - 1
    while first < line and before > 0 and lines[before - 1].lstrip()[:1] in ("", "#"):
        before -= 1
    above = lines[before - 1] if before > 0 else indent
    opens = len(above) - len(above.lstrip()) < len(indent) and not any(quotes in above for quotes in _QUOTES)
    return line if opens else first
