"""From the steps of a workflow to its graph."""

from __future__ import annotations

from typing import Any

from savant.runtime.definitions.load import raise_all
from savant.runtime.workflows.filters import text
from savant.runtime.workflows.steps import (
    AgentStep,
    ApprovalStep,
    ConditionStep,
    FailStep,
    ForeachStep,
    ParallelStep,
    SetStep,
    Step,
    ToolStep,
    WorkflowStep,
    parse_steps,
)
from savant.schemas.graphs import Edge, EdgeKind, Graph, Node, NodeKind
from savant.schemas.workflows import WorkflowDefinition

START, END = "start", "end"
# Loose ends: the nodes that what comes next follows, and by what kind of edge.
Ends = list[tuple[str, EdgeKind]]

_KINDS: dict[type[Step], NodeKind] = {
    ToolStep: "tool",
    AgentStep: "agent",
    WorkflowStep: "workflow",
    ConditionStep: "condition",
    ParallelStep: "parallel",
    ForeachStep: "foreach",
    SetStep: "set",
    FailStep: "fail",
    ApprovalStep: "approval",
}


def graph_of(workflow: WorkflowDefinition) -> Graph:
    """The graph of a workflow's steps; raises INVALID_DEFINITION for steps of a wrong form."""
    steps, errors = parse_steps(workflow.steps)
    raise_all(errors)
    return _Builder().build(workflow.name, steps)


class _Builder:
    def __init__(self) -> None:
        self._graph = Graph()

    def build(self, name: str, steps: list[Step]) -> Graph:
        self._graph.nodes.append(Node(id=START, kind="start", label=name))
        ends = self._sequence(steps, "", None, [(START, "next")])
        self._graph.nodes.append(Node(id=END, kind="end", label="end"))
        self._join(ends, END)
        return self._graph

    def _sequence(self, steps: list[Step], prefix: str, parent: str | None, ends: Ends) -> Ends:
        for step in steps:
            ends = self._step(step, prefix + step.id, parent, ends)
        return ends

    def _step(self, step: Step, id: str, parent: str | None, ends: Ends) -> Ends:
        condition = None if step.when is True else text(step.when)
        node = Node(
            id=id, kind=_KINDS[type(step)], label=step.name or step.id, detail=_detail(step), parent=parent,
            condition=condition,
        )  # fmt: skip
        self._graph.nodes.append(node)
        self._join(ends, id)
        after = self._body(step, id)
        if step.recovery:
            after += self._sequence(step.recovery, f"{id}.on_error/", id, [(id, "error")])
        return after

    def _body(self, step: Step, id: str) -> Ends:
        match step:
            case ConditionStep():
                then = self._sequence(step.then, f"{id}.then/", id, [(id, "then")])
                return then + self._sequence(step.otherwise, f"{id}.else/", id, [(id, "else")])
            case ParallelStep():
                ends: Ends = []
                for branch in step.branches:
                    ends += self._step(branch, f"{id}.{branch.id}", id, [(id, "branch")])
                return ends
            case ForeachStep():
                for source, _ in self._sequence(step.body, f"{id}[]/", id, [(id, "each")]):
                    self._edge(source, id, "again")
                return [(id, "next")]
            case FailStep() if step.on_error == "fail" and step.when is True:
                return []
            case _:
                return [(id, "next")]

    def _join(self, ends: Ends, target: str) -> None:
        for source, kind in ends:
            self._edge(source, target, kind)

    def _edge(self, source: str, target: str, kind: EdgeKind) -> None:
        self._graph.edges.append(Edge(source=source, target=target, kind=kind))


def _detail(step: Step) -> str:
    value: Any = ""
    match step:
        case ToolStep():
            value = step.tool
        case AgentStep():
            value = step.agent
        case WorkflowStep():
            value = step.workflow
        case ConditionStep():
            value = step.condition
        case ForeachStep():
            value = step.items
        case SetStep():
            value = ", ".join(step.values)
        case FailStep() | ApprovalStep():
            value = step.message
        case _:
            pass
    return " ".join(text(value).split())
