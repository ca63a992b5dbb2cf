"""A graph as SVG: nodes in layers from top to bottom, ordered so that few edges cross."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import NamedTuple

from savant.schemas.graphs import Edge, Graph, Node

HEIGHT, GAP_X, GAP_Y, MARGIN = 58, 28, 46, 24
CHARACTER, LINE = 7.0, 16
SWEEPS = 8
_FILLS = {
    "start": "#e8eef7", "end": "#e8eef7", "condition": "#fdf3d8", "parallel": "#e9e4f5", "foreach": "#e9e4f5",
    "approval": "#fde3d3", "fail": "#f9d8d8", "agent": "#dcefe1", "workflow": "#dbeaf5",
}  # fmt: skip


class Box(NamedTuple):
    """Where a node is: its centre and its size."""

    x: float
    y: float
    width: float
    height: float = HEIGHT


def svg(graph: Graph, caption: Callable[[Node], list[str]]) -> str:
    """The drawing; text is dark on light fills, and the ground is white, so that it is read on any page."""
    captions = {node.id: caption(node) for node in graph.nodes}
    boxes = place(graph, {id: _width(lines) for id, lines in captions.items()})
    width = max(box.x + box.width / 2 for box in boxes.values()) + MARGIN
    height = max(box.y + box.height / 2 for box in boxes.values()) + MARGIN
    title = html.escape(graph.nodes[0].label)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
            f' height="{height:.0f}" role="img" font-family="system-ui, sans-serif" font-size="12">',
            f"<title>{title}</title>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"'
            ' orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
            '<rect width="100%" height="100%" fill="#fff"/>',
            *(_edge(edge, boxes, width) for edge in graph.edges),
            *(_node(node, boxes[node.id], captions[node.id]) for node in graph.nodes),
            "</svg>",
        ]
    )


def place(graph: Graph, widths: dict[str, float]) -> dict[str, Box]:
    """Where each node goes: layers by the longest way from the start, each centred, none overlapping."""
    layers = _layers(graph)
    rows: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for node in graph.nodes:
        rows[layers[node.id]].append(node.id)
    _untangle(rows, graph)
    lengths = [sum(widths[id] for id in row) + GAP_X * (len(row) - 1) for row in rows]
    middle = MARGIN + max(lengths) / 2
    boxes: dict[str, Box] = {}
    for number, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        x = middle - length / 2
        for id in row:
            boxes[id] = Box(x + widths[id] / 2, MARGIN + HEIGHT / 2 + number * (HEIGHT + GAP_Y), widths[id])
            x += widths[id] + GAP_X
    return boxes


def _layers(graph: Graph) -> dict[str, int]:
    """Nodes are in the order of the program, and only `again` goes back, so one pass finds the longest ways."""
    layers = {node.id: 0 for node in graph.nodes}
    before: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind != "again":
            before.setdefault(edge.target, []).append(edge.source)
    inside = _last_inside(graph)
    for node in graph.nodes:
        sources = before.get(node.id, [])
        # What follows a loop comes below all that is in it.
        layers[node.id] = max((_lowest(source, layers, inside, node) + 1 for source in sources), default=0)
    return layers


def _last_inside(graph: Graph) -> dict[str, list[str]]:
    inside: dict[str, list[str]] = {}
    parents = {node.id: node.parent for node in graph.nodes}
    for node in graph.nodes:
        parent = node.parent
        while parent is not None:
            inside.setdefault(parent, []).append(node.id)
            parent = parents[parent]
    return inside


def _lowest(source: str, layers: dict[str, int], inside: dict[str, list[str]], target: Node) -> int:
    within = inside.get(source, [])
    if target.id in within:
        return layers[source]
    return max([layers[source], *(layers[id] for id in within)])


def _untangle(rows: list[list[str]], graph: Graph) -> None:
    """Put each node near the middle of its neighbours, downwards and upwards in turn."""
    near: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind != "again":
            near.setdefault(edge.source, []).append(edge.target)
            near.setdefault(edge.target, []).append(edge.source)
    for sweep in range(SWEEPS):
        places = {id: number - (len(row) - 1) / 2 for row in rows for number, id in enumerate(row)}
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = {id: _mean([places[other] for other in near.get(id, [])], places[id]) for id in row}
            row.sort(key=wanted.__getitem__)
            places.update({id: number - (len(row) - 1) / 2 for number, id in enumerate(row)})


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _width(lines: list[str]) -> float:
    return max(96.0, max(len(line) for line in lines) * CHARACTER + 28)


def _node(node: Node, box: Box, lines: list[str]) -> str:
    text = "".join(_line(line, number, len(lines), box) for number, line in enumerate(lines))
    about = html.escape(f"{node.id}: {node.detail}" if node.detail else node.id)
    return f"<g><title>{about}</title>{_shape(node, box)}{text}</g>"


def _line(line: str, number: int, count: int, box: Box) -> str:
    y = box.y + (number - (count - 1) / 2) * LINE + 4
    style = 'fill="#222" font-weight="600"' if number == 0 else 'fill="#555"'
    return f'<text x="{box.x:.1f}" y="{y:.1f}" text-anchor="middle" {style}>{html.escape(line)}</text>'


def _shape(node: Node, box: Box) -> str:
    left, top = box.x - box.width / 2, box.y - box.height / 2
    style = f'fill="{_FILLS.get(node.kind, "#f4f4f4")}" stroke="#777"'
    if node.kind in ("condition", "approval"):
        right, bottom, cut = left + box.width, top + box.height, 12
        points = (
            f"{left:.1f},{box.y:.1f} {left + cut:.1f},{top:.1f} {right - cut:.1f},{top:.1f} {right:.1f},{box.y:.1f} "
            f"{right - cut:.1f},{bottom:.1f} {left + cut:.1f},{bottom:.1f}"
        )
        return f'<polygon points="{points}" {style}/>'
    round = box.height / 2 if node.kind in ("start", "end") else 6
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{round}" {style}/>'
    )


def _edge(edge: Edge, boxes: dict[str, Box], width: float) -> str:
    source, target = boxes[edge.source], boxes[edge.target]
    if edge.kind == "again":
        x1, y1 = source.x + source.width / 2, source.y
        x2, y2 = target.x + target.width / 2, target.y
        reach = min(max(x1, x2) + 30, width - 4)
        path = f"M{x1:.1f} {y1:.1f}C{reach:.1f} {y1:.1f} {reach:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        label = (reach - 12, (y1 + y2) / 2)
    else:
        x1, y1, x2, y2 = source.x, source.y + source.height / 2, target.x, target.y - target.height / 2
        bend = max(20.0, (y2 - y1) / 2)
        path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
        label = ((x1 + 3 * x2) / 4, y2 - 14)
    dashed = ' stroke-dasharray="4 3"' if edge.kind in ("again", "error") else ""
    line = f'<path d="{path}" fill="none" stroke="#555"{dashed} marker-end="url(#arrow)"/>'
    if edge.kind not in ("then", "else", "error"):
        return line
    word = "on error" if edge.kind == "error" else edge.kind
    return f'{line}<text x="{label[0]:.1f}" y="{label[1]:.1f}" text-anchor="middle" fill="#555">{word}</text>'
