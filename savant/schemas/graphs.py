"""The graph of a workflow: what `workflows.graph` holds, and what drawings are made of."""

from __future__ import annotations

from typing import Literal

import msgspec

from savant.schemas.base import Schema

NodeKind = Literal[
    "start", "end", "tool", "agent", "workflow", "condition", "parallel", "foreach", "set", "fail", "approval"
]
EdgeKind = Literal["next", "then", "else", "branch", "each", "again", "error"]


class Node(Schema):
    """One step. `id` is its path in the workflow, `detail` the tool, agent or question, `parent` what it is inside."""

    id: str
    kind: NodeKind
    label: str
    detail: str = ""
    parent: str | None = None
    condition: str | None = None


class Edge(Schema):
    """The way from one step to another; `again` is the way back of a loop, `error` is taken when the step fails."""

    source: str
    target: str
    kind: EdgeKind = "next"


class Graph(Schema):
    """Nodes in the order of the program, from `start` to `end`."""

    nodes: list[Node] = msgspec.field(default_factory=list)
    edges: list[Edge] = msgspec.field(default_factory=list)
