"""Random small workflows: nesting, parallel branches, loops, recoveries and failures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

CHILD = """
inputs: {n: {type: integer}}
steps:
  - {id: deep, tool: t.add, with: {value: "${{ inputs.n + 1 }}"}}
  - {id: more, foreach: [1, 2], steps: [{tool: t.echo, with: {value: "${{ item * steps.deep.output }}"}}]}
outputs: {m: "${{ steps.more.output }}"}
"""


class _Writer:
    """Draws one workflow; `count` makes its ids, `readable` holds the ids that may be read at a place."""

    def __init__(self, draw: Any, *, asking: bool = False, agents: Sequence[str] = ()) -> None:
        self._draw = draw
        self._asking = asking
        self._agents = agents
        self._count = 0

    def steps(self, depth: int, readable: list[str], *, most: int = 3) -> list[dict[str, Any]]:
        return [self.step(depth, readable) for _ in range(self._draw(st.integers(1, most)))]

    def step(self, depth: int, readable: list[str]) -> dict[str, Any]:
        self._count += 1
        id = f"s{self._count}"
        kinds = ["echo", "add", "flaky", "boom", "set", "child", "fail"]
        kinds += ["approval"] * 3 if self._asking else []
        kinds += ["agent"] * 6 if self._agents else []
        kinds += ["condition", "parallel", "foreach", "parallel", "foreach"] if depth else []
        step = {"id": id, **self._body(self._draw(st.sampled_from(kinds)), id, depth, readable)}
        self._common(step, depth, readable)
        readable.append(id)
        return step

    def _body(self, kind: str, id: str, depth: int, readable: list[str]) -> dict[str, Any]:
        value = self._value(readable)
        match kind:
            case "echo" | "add":
                return {"tool": f"t.{kind}", "with": {"value": value}}
            case "flaky":
                return {"tool": "t.flaky", "with": {"key": id, "times": 1, "value": value}, "retry": {"backoff": 0}}
            case "boom":
                # A failure nothing handles ends the run, so most are handled.
                handled = self._draw(st.integers(0, 5)) > 0
                return {"tool": "t.boom", **({"on_error": "continue"} if handled else {})}
            case "set":
                return {"set": {f"v{id}": value}}
            case "child":
                return {"workflow": "child", "with": {"n": self._draw(st.integers(0, 9))}}
            case "agent":
                return {"agent": self._draw(st.sampled_from(self._agents)), "goal": f"See to {id}, please."}
            case "approval":
                handled = self._draw(st.integers(0, 2)) > 0
                return {"approval": f"Is {id} all right?", **({"on_error": "continue"} if handled else {})}
            case "fail":
                return {"fail": "on purpose", "if": self._draw(st.sampled_from(["${{ false }}", "${{ true }}"]))}
            case _:
                return self._container(kind, depth - 1, readable)

    def _container(self, kind: str, depth: int, readable: list[str]) -> dict[str, Any]:
        if kind == "condition":
            chosen = self._draw(st.sampled_from(["${{ true }}", "${{ 1 > 2 }}"]))
            return {
                "condition": chosen,
                "then": self.steps(depth, list(readable)),
                "else": self.steps(depth, list(readable)),
            }
        if kind == "parallel":
            branches = [self.step(depth, list(readable)) for _ in range(self._draw(st.integers(1, 3)))]
            return {"parallel": branches}
        items = self._draw(st.lists(st.integers(0, 9), max_size=3))
        width = self._draw(st.integers(1, 3))
        return {"foreach": items, "max_parallel": width, "steps": self.steps(depth, list(readable), most=2)}

    def _common(self, step: dict[str, Any], depth: int, readable: list[str]) -> None:
        match self._draw(st.integers(0, 7)):
            case 0:
                step["if"] = "${{ 2 > 1 }}"
            case 1:
                step["if"] = "${{ 1 > 2 }}"
            case 2 if "on_error" not in step:
                step["on_error"] = "continue"
            case 3 if depth and "on_error" not in step:
                step["on_error"] = self.steps(0, [*readable, step["id"]], most=2)
            case _:
                pass

    def _value(self, readable: list[str]) -> Any:
        if readable and self._draw(st.booleans()):
            id = self._draw(st.sampled_from(readable))
            return self._draw(st.sampled_from([f"${{{{ steps.{id} }}}}", f"is ${{{{ steps.{id}.status }}}}"]))
        return self._draw(st.sampled_from([1, "two", [3], {"four": None}]))


@st.composite
def _workflow(draw: Any, *, asking: bool = False, agents: Sequence[str] = ()) -> str:
    steps = _Writer(draw, asking=asking, agents=agents).steps(2, [], most=4)
    return json.dumps({"steps": steps, "outputs": {"steps": "${{ steps }}", "vars": "${{ vars }}"}})


# JSON is YAML, but the runner puts the name before it: block keys with JSON values.
def _as_blocks(text: str) -> str:
    return "\n".join(f"{key}: {json.dumps(value)}" for key, value in json.loads(text).items())


workflows = _workflow().map(_as_blocks)
asking_workflows = _workflow(asking=True).map(_as_blocks)


def workflows_of(agents: Sequence[str]) -> st.SearchStrategy[str]:
    """Workflows in which these agents work."""
    return _workflow(agents=agents).map(_as_blocks)
