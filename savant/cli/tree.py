"""Steps as a tree: their paths say where in the program they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from savant.cli import tables
from savant.cli.output import style
from savant.schemas.steps import Step

MARKS = {"completed": ("✓", "green"), "failed": ("✗", "red"), "running": ("…", "cyan"), "skipped": ("-", "dim")}
OPEN = ("?", "yellow")
PREVIEW = 160


class Placed(NamedTuple):
    """A path with its depth in the tree, and its name below its parent."""

    path: str
    depth: int
    name: str


def nested(paths: Sequence[str]) -> Iterator[Placed]:
    """The paths depth first, each under the nearest path that begins it; siblings in the order given."""
    known = set(paths)
    children: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        children.setdefault(_parent(path, known), []).append(path)

    def walk(parent: str, depth: int) -> Iterator[Placed]:
        for path in children.get(parent, []):
            yield Placed(path, depth, path.removeprefix(parent).lstrip("/") if parent else path)
            yield from walk(path, depth + 1)

    yield from walk("", 0)


def drawn(steps: Sequence[Step], notes: Mapping[int, str] | None = None) -> str:
    """The last attempt at each path: mark, number, name, tool, time, tokens, cost, its error; `notes` by number."""
    last = {step.path: step for step in steps}
    lines: list[str] = []
    for placed in nested([step.path for step in steps]):
        step = last[placed.path]
        lines.append(_line(placed, step))
        if notes and step.step_number in notes:
            lines.append(" " * 10 + style(notes[step.step_number], "yellow"))
    return "\n".join(lines)


def escalation(payload: Mapping[str, Any]) -> str:
    """That a small model handed over to the large one, and why."""
    return f"{payload['from']} hands over to {payload['to']}: {payload['why']}"


def title(name: str, type: str, tool_name: str | None, agent: str | None) -> str:
    """`diff  git.diff`, `look  reviewer`: what a step does, in few words."""
    what = tool_name or (agent if type in ("agent", "workflow") else None) or type
    return name if what in name.split("/")[-1:] else f"{name}  {what}"


def mark(status: str) -> str:
    sign, color = MARKS.get(status, OPEN)
    return style(sign, color)


def _parent(path: str, known: set[str]) -> str:
    while "/" in path:
        path = path.rpartition("/")[0]
        if path in known:
            return path
    return ""


def _line(placed: Placed, step: Step) -> str:
    name = title(placed.name, step.type, step.tool_name, step.agent)
    used = (step.input_tokens or 0) + (step.output_tokens or 0)
    attempt = f"attempt {step.attempt}" if step.attempt > 1 else ""
    facts = [attempt, tables.duration(step.duration_ms), tables.tokens(used), tables.money(step.cost_usd)]
    head = f"{mark(step.status)} {step.step_number:>3}  {'  ' * placed.depth}{name}  "
    return head + style("  ".join(filter(None, facts)), "dim") + _outcome(step)


def _outcome(step: Step) -> str:
    if step.error_message:
        return "\n" + " " * 10 + style(tables.cut(step.error_message, PREVIEW), "red")
    return ""
