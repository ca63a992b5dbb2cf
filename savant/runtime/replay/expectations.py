"""What a recorded test asserts about the run it replays."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from savant.errors import ErrorCode
from savant.runtime.blobs import canonical
from savant.runtime.workflows.expressions import ExpressionError, Scope, evaluate_test
from savant.schemas.records import Record
from savant.schemas.tests import Expect

_NOT_MADE = frozenset({ErrorCode.POLICY_DENIED, ErrorCode.TOOL_UNKNOWN, ErrorCode.TOOL_BAD_ARGUMENTS})


def failures(expect: Expect, record: Record) -> list[str]:
    """What does not hold, in words; empty if all does."""
    return [*_outcome(expect, record), *_result(expect, record), *_limits(expect, record), *_tools(expect, record)]


def called(record: Record) -> list[str]:
    """The tools that were really called, each once, in order."""
    made = (step for step in record.steps if step.tool_name and step.error_code not in _NOT_MADE)
    return list(dict.fromkeys(step.tool_name for step in made if step.tool_name and step.type != "approval"))


def text_of(record: Record) -> str:
    """The result as one text."""
    result = record.result
    if isinstance(result, dict) and isinstance(result.get("text"), str):
        return result["text"]
    outputs = result["outputs"] if isinstance(result, dict) and "outputs" in result else result
    values = outputs.values() if isinstance(outputs, dict) else [outputs]
    return "\n".join(value if isinstance(value, str) else canonical(value).decode() for value in values)


def _outcome(expect: Expect, record: Record) -> Iterator[str]:
    if expect.status is not None and record.status != expect.status:
        reason = f" ({record.error_message})" if record.error_message else ""
        yield f"status: expected {expect.status}, not {record.status}{reason}"
    if expect.error_code is not None and record.error_code != expect.error_code:
        yield f"error_code: expected {expect.error_code}, not {record.error_code or 'none'}"


def _result(expect: Expect, record: Record) -> Iterator[str]:
    text = text_of(record)
    for part in expect.contains:
        if part not in text:
            yield f"contains: {part!r} is not in the result"
    for part in expect.lacks:
        if part in text:
            yield f"lacks: {part!r} is in the result"
    if expect.schema is not None:
        from savant.runtime.tools.validate import problems

        schema = expect.schema if isinstance(expect.schema, dict) else ({} if expect.schema else {"not": {}})
        yield from (f"schema: {problem}" for problem in problems(schema, _value(record)))
    for expression in expect.expression:
        yield from _expression(expression, record)


def _value(record: Record) -> Any:
    """What a schema is held against."""
    result = record.result
    if not isinstance(result, dict):
        return result
    if "outputs" in result:
        return result["outputs"]
    return result.get("text") if result.get("output") is None else result["output"]


def _expression(expression: str, record: Record) -> Iterator[str]:
    names = {
        "result": record.result,
        "status": record.status,
        "error_code": record.error_code,
        "steps": len(record.steps),
        "cost_usd": _cost(record),
        "tools": called(record),
    }
    inside = expression if "${{" in expression else f"${{{{ {expression} }}}}"
    try:
        if not evaluate_test(inside, _scope(names), ("expect", "expression")):
            yield f"expression: {expression} does not hold"
    except ExpressionError as error:
        yield f"expression: {expression} cannot be evaluated: {error}"


def _scope(names: dict[str, Any]) -> Scope:
    return Scope({}, {}).branch(**names)


def _limits(expect: Expect, record: Record) -> Iterator[str]:
    cost = _cost(record)
    if expect.max_cost is not None and cost > expect.max_cost:
        yield f"max_cost: it cost ${cost:g}, more than ${expect.max_cost:g}"
    if expect.max_steps is not None and len(record.steps) > expect.max_steps:
        yield f"max_steps: it took {len(record.steps)} steps, more than {expect.max_steps}"


def _cost(record: Record) -> float:
    return sum(step.cost_usd or 0.0 for step in record.steps)


def _tools(expect: Expect, record: Record) -> Iterator[str]:
    made = called(record)
    for pattern in expect.called:
        if not any(fnmatchcase(name, pattern) for name in made):
            yield f"called: {pattern} was never called (called were: {', '.join(made) or 'none'})"
    for pattern in expect.never_called:
        if found := [name for name in made if fnmatchcase(name, pattern)]:
            yield f"never_called: {', '.join(found)} was called"
