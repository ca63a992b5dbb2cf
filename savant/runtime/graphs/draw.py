"""Drawings of a graph: Mermaid, DOT, SVG, JSON, and lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from savant.runtime.graphs.svg import svg
from savant.schemas.graphs import Graph, Node

LONGEST = 40
_WORDS = {"then": "then", "else": "else", "each": "each", "again": "again", "error": "on error"}


def draw(graph: Graph, form: str) -> str:
    """The graph in one of the forms of `DRAWINGS`, ending with a newline."""
    return DRAWINGS[form](graph).rstrip("\n") + "\n"


def mermaid(graph: Graph) -> str:
    """A flowchart that GitHub and GitLab show in Markdown."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    for node in graph.nodes:
        begin, end = _MERMAID.get(node.kind, ("[", "]"))
        shown = "<br/>".join(_mermaid_text(line) for line in caption(node))
        lines.append(f'    {names[node.id]}{begin}"{shown}"{end}')
    for edge in graph.edges:
        arrow = "-.->" if edge.kind in ("again", "error") else "-->"
        word = f"|{_WORDS[edge.kind]}|" if edge.kind in _WORDS else ""
        lines.append(f"    {names[edge.source]} {arrow}{word} {names[edge.target]}")
    return "\n".join(lines)


def dot(graph: Graph) -> str:
    """A digraph for Graphviz."""
    lines = ["digraph workflow {", '    node [shape=box, style=rounded, fontname="sans-serif"];']
    for node in graph.nodes:
        shown = "\\n".join(_dot_text(line) for line in caption(node))
        shape = f", shape={_DOT[node.kind]}" if node.kind in _DOT else ""
        lines.append(f'    "{_dot_text(node.id)}" [label="{shown}"{shape}];')
    for edge in graph.edges:
        label = f'label="{_WORDS[edge.kind]}"' if edge.kind in _WORDS else ""
        style = "style=dashed" if edge.kind in ("again", "error") else ""
        options = ", ".join(filter(None, [label, style]))
        options = f" [{options}]" if options else ""
        lines.append(f'    "{_dot_text(edge.source)}" -> "{_dot_text(edge.target)}"{options};')
    return "\n".join([*lines, "}"])


def outline(graph: Graph) -> str:
    """A tree of what is inside what, in the order of the program."""
    root, *nodes = [node for node in graph.nodes if node.kind != "end"]
    inside: dict[str | None, list[Node]] = {}
    for node in nodes:
        inside.setdefault(node.parent, []).append(node)
    return "\n".join([root.label, *_branches(inside, None, "")])


def _branches(inside: dict[str | None, list[Node]], parent: str | None, indent: str) -> Iterator[str]:
    children = inside.get(parent, [])
    for number, node in enumerate(children):
        last = number == len(children) - 1
        where = _place(node)
        shown = "  ".join([f"{where}{node.label}", *caption(node)[1:]])
        yield f"{indent}{'└─' if last else '├─'} {shown}"
        yield from _branches(inside, node.id, indent + ("   " if last else "│  "))


def _place(node: Node) -> str:
    """`then: ` and the like, where a step is in one of several lists of its parent."""
    if node.parent is None:
        return ""
    rest = node.id.removeprefix(node.parent)
    for mark, word in ((".then/", "then: "), (".else/", "else: "), (".on_error/", "on error: ")):
        if rest.startswith(mark):
            return word
    return ""


def as_json(graph: Graph) -> str:
    return msgspec.json.format(msgspec.json.encode(graph)).decode()


def caption(node: Node) -> list[str]:
    """What is written in a node: its name, what it does, and when it is skipped."""
    what = node.kind if node.kind in ("start", "end") else f"{node.kind} {shortened(node.detail)}".strip()
    lines = [shortened(node.label)]
    if node.kind not in ("start", "end"):
        lines.append(what)
    if node.condition is not None:
        lines.append(f"if {shortened(node.condition)}")
    return lines


def shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _mermaid_text(text: str) -> str:
    for character, code in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        text = text.replace(character, code)
    return text


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_MERMAID = {
    "start": ("([", "])"),
    "end": ("([", "])"),
    "condition": ("{", "}"),
    "parallel": ("[[", "]]"),
    "foreach": ("[/", "/]"),
    "approval": ("{{", "}}"),
    "fail": ("[\\", "\\]"),
    "agent": ("(", ")"),
}
_DOT = {"start": "oval", "end": "oval", "condition": "diamond", "approval": "hexagon", "fail": "octagon"}
DRAWINGS: dict[str, Callable[[Graph], str]] = {
    "text": outline,
    "mermaid": mermaid,
    "dot": dot,
    "json": as_json,
    "svg": lambda graph: svg(graph, caption),
}
