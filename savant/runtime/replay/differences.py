"""Two recorded runs, aligned by path: prompts, arguments, outputs, cost and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from savant.runtime.blobs import unpack
from savant.runtime.replay.texts import unified_lines
from savant.schemas.records import Record
from savant.schemas.replays import Part, RunDiff, Side, StepDiff
from savant.schemas.steps import Step

ACCOUNTS: frozenset[Part] = frozenset({"cost", "time"})
_BOOKKEEPING = ("usage", "cost_usd")


async def difference(first: Record, second: Record, numbers: tuple[int, int] | None = None) -> RunDiff:
    """What differs between two runs; `numbers` are those they are called by."""
    one, other = _Side(first), _Side(second)
    found: list[StepDiff] = []
    paths = sorted({*one.steps, *other.steps}, key=lambda path: _order(path, one, other))
    for path in paths:
        step = await _compare(one, other, path)
        if step.changed:
            found.append(step)
    whole = _whole(first, second)
    changed = {part for step in [whole, *found] for part in step.changed}
    called = numbers or (first.run_id, second.run_id)
    return RunDiff(
        first=called[0],
        second=called[1],
        equal=changed <= ACCOUNTS,
        empty=not changed,
        run=whole,
        steps=found,
        same=len(paths) - len(found),
    )


class _Side:
    """The last attempt at each path of one run, and the conversation that each agent was last seen with."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._said: dict[str, list[Any]] = {}
        self.steps = {step.path: step for step in record.steps}

    async def value(self, stored: Any) -> Any:
        return await unpack(stored, self._read)

    async def input(self, step: Step | None) -> Any:
        """A step's input; of a prompt only what is new since the agent's last one."""
        value = None if step is None else await self.value(step.input)
        if step is None or step.type != "model" or not isinstance(value, dict) or "messages" not in value:
            return value
        agent, messages = step.path.rpartition("/agent/")[0], value["messages"]
        before = self._said.get(agent, [])
        self._said[agent] = messages
        if before and messages[: len(before)] == before:
            value = {**value, "messages": messages[len(before) :]}
        return value

    async def output(self, step: Step | None) -> Any:
        """A step's output, or its error; of an answer without its bill."""
        if step is None or step.status != "completed":
            return None if step is None or step.error_message is None else {"error": step.error_message}
        value = await self.value(step.output)
        if step.type == "model" and isinstance(value, dict):
            return {name: member for name, member in value.items() if name not in _BOOKKEEPING}
        return value

    async def _read(self, keys: Any) -> dict[str, bytes]:
        return {key: self._record.blobs[key] for key in keys if key in self._record.blobs}


async def _compare(one: _Side, other: _Side, path: str) -> StepDiff:
    first, second = one.steps.get(path), other.steps.get(path)
    inputs = await one.input(first), await other.input(second)
    outputs = await one.output(first), await other.output(second)
    some = first or second
    assert some is not None
    same_input = first is not None and second is not None and first.input_hash == second.input_hash
    same_output = outputs[0] == outputs[1]
    parts: dict[Part, bool] = {
        "status": first is None or second is None or first.status != second.status,
        "input": not same_input,
        "output": not same_output,
        "error": _differ(first, second, lambda step: (step.error_code, step.error_message)),
        "cost": _differ(first, second, lambda step: (step.cost_usd, step.input_tokens, step.output_tokens)),
        "time": _differ(first, second, lambda step: step.duration_ms),
    }
    return StepDiff(
        path=path,
        type=some.tool_name or some.type,
        first=_of_step(first),
        second=_of_step(second),
        changed=[part for part, changed in parts.items() if changed],
        input=[] if same_input else unified_lines(*inputs),
        output=[] if same_output else unified_lines(*outputs),
    )


def _whole(first: Record, second: Record) -> StepDiff:
    given = [_given(first), _given(second)]
    results = [{"result": run.result, "error": run.error_message} for run in (first, second)]
    parts: dict[Part, bool] = {
        "status": first.status != second.status,
        "input": given[0] != given[1],
        "output": first.result != second.result,
        "error": (first.error_code, first.error_message) != (second.error_code, second.error_message),
        "cost": (first.cost_usd, _tokens(first)) != (second.cost_usd, _tokens(second)),
        "time": first.duration_ms != second.duration_ms,
    }
    return StepDiff(
        path="",
        type=first.program.slug,
        first=_of_run(first),
        second=_of_run(second),
        changed=[part for part, changed in parts.items() if changed],
        input=unified_lines(*given) if parts["input"] else [],
        output=unified_lines(*results) if results[0] != results[1] else [],
    )


def _given(record: Record) -> dict[str, Any]:
    """What a run was started with; where a fork came from, and whether it is kept, changes nothing in it."""
    config: dict[str, Any] = msgspec.to_builtins(record.config)
    del config["number"], config["pinned"]
    return {"goal": record.goal, "inputs": record.inputs, "config": config}


def _differ(first: Step | None, second: Step | None, of: Callable[[Step], Any]) -> bool:
    return first is not None and second is not None and of(first) != of(second)


def _order(path: str, one: _Side, other: _Side) -> tuple[int, str]:
    step = one.steps.get(path) or other.steps[path]
    return step.step_number, path


def _of_step(step: Step | None) -> Side | None:
    if step is None:
        return None
    tokens = None if step.input_tokens is None else step.input_tokens + (step.output_tokens or 0)
    return Side(
        status=step.status,
        step_number=step.step_number,
        attempt=step.attempt,
        cost_usd=step.cost_usd,
        tokens=tokens,
        duration_ms=step.duration_ms,
    )


def _of_run(record: Record) -> Side:
    return Side(status=record.status, cost_usd=record.cost_usd, tokens=_tokens(record), duration_ms=record.duration_ms)


def _tokens(record: Record) -> int:
    return record.input_tokens + record.output_tokens
