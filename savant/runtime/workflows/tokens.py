"""The words of an expression, and the names it may use for filters, tests and functions."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LENGTH = 4_000
MAX_DEPTH = 30
FUNCTIONS = frozenset({"range"})
# fmt: off
FILTERS = frozenset({
    "abs", "bool", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "indent", "int",
    "items", "join", "last", "length", "lines", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace",
    "reverse", "round", "select", "selectattr", "sort", "split", "string", "sum", "title", "tojson", "trim", "unique",
    "upper", "urlencode", "zip",
})
TESTS = frozenset({
    "boolean", "defined", "undefined", "divisibleby", "endingwith", "startingwith", "eq", "equalto", "even", "false",
    "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne",
    "none", "number", "odd", "sequence", "string", "true", "upper",
})
# fmt: on
CONSTANTS = {"true": "true", "false": "false", "none": "none", "null": "none"}
WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else"})
LOOSE = frozenset({"and", "or", "not", "in", "if", "else", "==", "!=", "<", ">", "<=", ">="})
_TOKEN = re.compile(
    r"""\s+
    |(?P<number>[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<mark>\*\*|//|==|!=|<=|>=|[-+*/%~<>()\[\]{},.:|=])""",
    re.VERBOSE | re.DOTALL,
)


class Fault(Exception):
    """What is wrong with an expression, and at which character of it."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


class Token(NamedTuple):
    kind: str
    text: str
    offset: int


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            quoted = text[offset] in "\"'"
            raise Fault("The quoted text has no end." if quoted else f"Unexpected `{text[offset]}`.", offset)
        if match.lastgroup:
            found.append(Token(match.lastgroup, match[0], offset))
        offset = match.end()
    return found
