"""Where the definitions of a source file begin and end: Python by its parser, other languages by their shape.

By shape means: definitions are found by a pattern over the text with strings and comments blanked out, and end
with their closing brace (or `end`, or shell's `}`). It is a good guess, and takes no parser of the language.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from savant.runtime.engines.git.languages import LANGUAGES, NOT_NAMES, Language

MAX_SHAPED = 256_000
_LONGEST_HEAD = 2_000
_MARK = re.compile(r"[()\[\]{};\n]|=>")


class Definition(NamedTuple):
    """A function, method or type; lines count from 1, decorators included."""

    symbol: str
    kind: str
    first_line: int
    last_line: int


def outline(path: str, text: str) -> list[Definition] | None:
    """The definitions of a file by first line; None if its language is not known, or it cannot be read."""
    extension = path.rpartition("/")[2].rpartition(".")[2].lower()
    if extension in ("py", "pyi"):
        return _python(text)
    language = LANGUAGES.get(extension)
    return list(_by_shape(language, text)) if language and len(text) <= MAX_SHAPED else None


def _python(text: str) -> list[Definition] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the code that is read, not ours
            return list(_inside(ast.parse(text), "", in_class=False))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _inside(node: ast.AST, prefix: str, *, in_class: bool) -> Iterator[Definition]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            is_class = isinstance(child, ast.ClassDef)
            kind = "class" if is_class else "method" if in_class else "function"
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            symbol = f"{prefix}{child.name}"
            yield Definition(symbol, kind, first, child.end_lineno or child.lineno)
            yield from _inside(child, f"{symbol}.", in_class=is_class)
        else:
            yield from _inside(child, prefix, in_class=in_class)


def _by_shape(language: Language, text: str) -> Iterator[Definition]:
    plain = language.noise.sub(_blank, text)
    found = sorted(_spans(language, plain))
    line_ends = [end.start() for end in re.finditer("\n", plain)]
    open_: list[tuple[int, str, str]] = []
    for start, end, kind, name in found:
        while open_ and open_[-1][0] < end:
            open_.pop()
        outer = open_[-1] if open_ else None
        symbol = f"{outer[1]}.{name}" if outer else name
        method = outer and outer[2] != "function" and kind == "function"
        inner = "method" if method else kind
        yield Definition(symbol, inner, bisect_left(line_ends, start) + 1, bisect_left(line_ends, end) + 1)
        open_.append((end, symbol, inner))


def _spans(language: Language, plain: str) -> Iterator[tuple[int, int, str, str]]:
    closing = _braces(plain) if language.ends == "brace" else {}
    taken: set[int] = set()
    for kind, pattern in language.definitions:
        for found in pattern.finditer(plain):
            start = found.start("name")
            name = ".".join(part for part in (found.groupdict().get("owner"), found["name"]) if part)
            end = _end(language, plain, found, closing)
            if end is not None and start not in taken and found["name"] not in NOT_NAMES:
                taken.add(start)
                yield start, end, kind, name


def _end(language: Language, plain: str, found: re.Match[str], closing: dict[int, int]) -> int | None:
    if language.ends == "end":
        if one_line := re.compile(r"[^\n]*;[ \t]*end\b").match(plain, found.end()):
            return one_line.end()
        indent = re.match(r"[ \t]*", found[0].lstrip("\n"))
        last = re.compile(rf"^{indent[0] if indent else ''}end\b", re.MULTILINE).search(plain, found.end())
        return last.end() if last else None
    opening = _body(plain, found.end() if found[0].endswith("=>") else found.end("name"))
    if opening is None:
        return None
    return closing.get(opening, opening) if plain[opening] == "{" else opening


def _body(plain: str, at: int) -> int | None:
    """Where the body opens: the first `{` outside parentheses, the end of an arrow's expression; None if neither."""
    depth, arrow = 0, plain[max(at - 2, 0) : at] == "=>"
    for found in _MARK.finditer(plain, at, at + _LONGEST_HEAD):
        mark, position = found[0], found.start()
        if mark in "([":
            depth += 1
        elif mark in ")]":
            depth -= 1
        elif depth > 0:
            continue
        elif mark == "{":
            return position
        elif mark == "=>":
            arrow = True
        elif mark == ";" or (arrow and not _goes_on(plain, position)):
            return position if arrow else None
    return None


def _goes_on(plain: str, line_end: int) -> bool:
    before = plain[:line_end].rstrip()[-1:]
    return before in ">=+-*/&|?:,." or plain[line_end:].lstrip()[:1] in tuple(".+-*/&|?:")


def _braces(plain: str) -> dict[int, int]:
    closing: dict[int, int] = {}
    open_: list[int] = []
    for found in re.finditer(r"[{}]", plain):
        if found[0] == "{":
            open_.append(found.start())
        elif open_:
            closing[open_.pop()] = found.start()
    return closing


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])
