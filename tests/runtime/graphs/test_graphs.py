"""Graphs: every step is there, every way leads on, and the drawings are what their readers understand."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from savant.runtime.definitions.load import load
from savant.runtime.graphs import draw, graph_of
from savant.runtime.graphs.draw import caption
from savant.runtime.graphs.svg import place
from savant.schemas.graphs import Graph
from tests.runtime.workflows.programs import workflows

TEXT = """
name: Review "all" <of> it
steps:
  - {id: diff, tool: git.diff, if: "${{ run.id > 0 }}"}
  - id: big
    condition: ${{ steps.diff.output.files | length > 20 }}
    then: [{id: stop, fail: Too large}]
    else: [{id: small, set: {size: small}}]
  - id: look
    parallel:
      - {id: one, agent: reviewer, goal: Look}
      - id: each
        foreach: [1, 2]
        steps: [{id: a, tool: git.log}, {id: b, tool: git.log}]
  - {id: ok, approval: Go on?}
  - {id: post, workflow: comment, on_error: [{id: note, set: {failed: true}}]}
"""


def graph(text: str = TEXT) -> Graph:
    return graph_of(load(text, "w.yaml", "workflow"))  # type: ignore[arg-type]


def edges(found: Graph) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.kind) for edge in found.edges]


def test_the_ways_through_a_workflow() -> None:
    assert edges(graph()) == [
        ("start", "diff", "next"),
        ("diff", "big", "next"),
        ("big", "big.then/stop", "then"),
        ("big", "big.else/small", "else"),
        ("big.else/small", "look", "next"),
        ("look", "look.one", "branch"),
        ("look", "look.each", "branch"),
        ("look.each", "look.each[]/a", "each"),
        ("look.each[]/a", "look.each[]/b", "next"),
        ("look.each[]/b", "look.each", "again"),
        ("look.one", "ok", "next"),
        ("look.each", "ok", "next"),
        ("ok", "post", "next"),
        ("post", "post.on_error/note", "error"),
        ("post", "end", "next"),
        ("post.on_error/note", "end", "next"),
    ]


def test_a_condition_without_else_can_be_passed_by() -> None:
    text = "name: W\nsteps: [{id: c, condition: true, then: [{id: a, set: {x: 1}}]}, {id: z, set: {y: 1}}]"
    assert ("c", "z", "else") in edges(graph(text))


def test_in_a_terminal_it_is_a_tree() -> None:
    shown = draw(graph(), "text")
    assert "├─ big  condition ${{ steps.diff.output.files | length >…" in shown
    assert "│  ├─ then: stop  fail Too large" in shown
    assert "   └─ on error: note  set failed" in shown
    assert "├─ diff  tool git.diff  if ${{ run.id > 0 }}" in shown


def test_mermaid_has_every_node_and_no_text_that_would_break_it() -> None:
    shown = draw(graph(), "mermaid")
    assert shown.startswith("flowchart TD\n")
    nodes = re.findall(r'^    n\d+\S{1,2}"([^"]*)"\S{1,2}$', shown, re.MULTILINE)
    assert len(nodes) == len(graph().nodes)
    assert nodes[0] == "Review #quot;all#quot; #lt;of#gt; it"
    assert len(re.findall(r"-->|-\.->", shown)) == len(graph().edges)


def test_dot_is_a_digraph() -> None:
    shown = draw(graph(), "dot")
    assert shown.startswith("digraph workflow {\n") and shown.endswith("}\n")
    assert '"big" -> "big.then/stop" [label="then"];' in shown
    assert '[label="Review \\"all\\" <of> it", shape=oval]' in shown


def test_json_is_the_graph() -> None:
    assert json.loads(draw(graph(), "json"))["edges"][0] == {"source": "start", "target": "diff", "kind": "next"}


def test_svg_is_a_picture_of_every_step() -> None:
    root = ElementTree.fromstring(draw(graph(), "svg"))
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {'Review "all" <of> it', "diff", "small", "on error"} <= texts
    assert root.attrib["viewBox"].startswith("0 0 ")


def assert_well_placed(found: Graph) -> None:
    """No two boxes overlap, all are on the page, and every way but that back in a loop leads down."""
    widths = {node.id: max(96.0, max(map(len, caption(node))) * 7.0 + 28) for node in found.nodes}
    boxes = place(found, widths)
    placed = sorted(boxes.values(), key=lambda box: (box.y, box.x))
    for left, right in pairwise(placed):
        assert left.y < right.y or left.x + left.width / 2 < right.x - right.width / 2
    assert all(box.x - box.width / 2 >= 0 for box in placed)
    for edge in found.edges:
        if edge.kind != "again":
            assert boxes[edge.source].y < boxes[edge.target].y


def test_the_picture_is_tidy() -> None:
    assert_well_placed(graph())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(workflows)
def test_any_workflow_can_be_drawn(text: str) -> None:
    found = graph("name: W\n" + text)
    assert_well_placed(found)
    ids = [node.id for node in found.nodes]
    assert len(ids) == len(set(ids))
    assert {id for edge in found.edges for id in (edge.source, edge.target)} <= set(ids)
    reached = {"start"}
    for node in found.nodes[1:-1]:
        assert (
            node.id in reached or any(edge.target == node.id for edge in found.edges) or follows_an_end(found, node.id)
        )
    for form in ("text", "mermaid", "dot", "json", "svg"):
        assert draw(found, form)


def follows_an_end(found: Graph, id: str) -> bool:
    """Whether a step stands after one that always fails, and so cannot be reached."""
    order = [node.id for node in found.nodes]
    before = found.nodes[: order.index(id)]
    return any(node.kind == "fail" for node in before)


@pytest.mark.parametrize("block", range(2))
def test_the_examples_of_the_page_can_be_drawn(block: int) -> None:
    page = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text()
    examples = re.findall(r"```yaml workflow\n(.*?)```", page, re.DOTALL)
    assert_well_placed(graph(examples[block]))
