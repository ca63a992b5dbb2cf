"""Where the definitions of a source file begin and end, by its grammar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from savant import clock
from savant.runtime.indexing.definition import MAX_NAME, Definition
from savant.runtime.indexing.grammars import COMMENTS, WRAPPERS, load
from savant.runtime.indexing.outlines import go, python

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

PARSE_SECONDS = 5.0
OUTLINES = {"go": go.definitions, "python": python.definitions}
_BLOCK = 1 << 16
_NOT_IN_NAMES = re.compile(r"<.*>|[\s*&]+|\(.*", re.DOTALL)
_IDENTIFIER = re.compile(r"[\w$.:#?!=~-]+")
_NEAR_COMMENT = re.compile(rb"//|\*/|[#\]]|=end")
_RECEIVER = re.compile(r"\(\s*(?:[\w]+\s+)?\**\s*(\w+)")


def definitions(language: str, text: str, lines: list[str]) -> list[Definition] | None:
    """The definitions in a text, outer before inner; None if it cannot be parsed here, or not in time."""
    outline = OUTLINES.get(language)
    found = outline(text, lines) if outline else None
    return parsed(language, text.encode("utf-8", "replace")) if found is None else found


def parsed(language: str, data: bytes) -> list[Definition] | None:
    """The definitions in UTF-8 `data` by the grammar of its language."""
    from tree_sitter import QueryCursor

    loaded = load(language)
    if loaded is None:
        return None
    parser, query, depth = loaded
    deadline = clock.monotonic() + PARSE_SECONDS
    tree = _parsed(parser, data, deadline)
    if tree is None:
        return None
    found: list[Definition] = []
    lines = data.split(b"\n")
    cursor = QueryCursor(query, match_limit=10_000)
    if depth:
        cursor.set_max_start_depth(depth)
    for _, captures in cursor.matches(tree.root_node):
        name = captures.pop("name")[0]
        owner = captures.pop("owner", None)
        if clock.monotonic() > deadline:  # each node is looked for from the root: what is nested deeply takes for ever
            return None
        for kind, nodes in captures.items():
            found.append(_definition(data, lines, kind, nodes[0], name, owner[0] if owner else None))
    found.sort(key=lambda definition: (definition.first_line, -definition.last_line))
    return found


def _parsed(parser: Parser, data: bytes, deadline: float) -> Tree | None:
    """The tree, or None when it takes too long: what is not the language it claims to be can take for ever."""

    def read(offset: int, point: object) -> bytes:
        return data[offset : offset + _BLOCK]

    def late(offset: int, failing: bool) -> bool:
        return clock.monotonic() > deadline

    try:
        return parser.parse(read, progress_callback=late)
    except ValueError:
        parser.reset()
        return None


def _definition(data: bytes, lines: list[bytes], kind: str, node: Node, name: Node, owner: Node | None) -> Definition:
    outer = node
    while (parent := outer.parent) is not None and parent.type in WRAPPERS:
        outer = parent
    own = outer.start_point.row
    first = own
    # To ask a node for its neighbour takes long, and below a line like most there is no comment.
    near = lines[max(own - 1, 0) : own + 1]
    before = outer.prev_sibling if any(map(_NEAR_COMMENT.search, near)) else None
    while before is not None and before.type in COMMENTS and before.end_point.row >= first - 1:
        earlier = before.prev_sibling
        if earlier is not None and earlier.end_point.row == before.start_point.row and earlier.end_point.column:
            break  # a comment at the end of a line of code
        first = min(first, before.start_point.row)
        before = before.prev_sibling
    last = outer.end_point.row - (outer.end_point.column == 0 and outer.end_point.row > own)
    return Definition(_name(data, name, owner), kind, first + 1, last + 1, own + 1)


def _name(data: bytes, node: Node, owner: Node | None) -> str:
    inner: Node | None = node
    while inner is not None and "declarator" in inner.type:  # C: the name is at the bottom of pointers and parameters
        node, inner = inner, inner.child_by_field_name("declarator")
    node = inner or node
    text = _text(data, node)[: 4 * MAX_NAME]
    found = _IDENTIFIER.search(_NOT_IN_NAMES.sub("", text))
    name = (found[0] if found else "").removeprefix("module.exports.").removeprefix("exports.").replace("::", ".")
    if owner is not None and (receiver := _RECEIVER.search(_text(data, owner))):
        name = f"{receiver[1]}.{name}"
    return name[:MAX_NAME]


def _text(data: bytes, node: Node) -> str:
    # A node asked for its text asks the function that the parser read by, byte by byte.
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")
