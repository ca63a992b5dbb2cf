"""Typed steps from the plain mappings of a definition, with everything wrong in their form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.check import problem
from savant.runtime.definitions.positions import At, Positions, did_you_mean, dotted
from savant.runtime.workflows.grammar import (
    COMMON,
    DURATION_PATTERN,
    ID_PATTERN,
    KIND_NAMES,
    KINDS,
    MAX_ATTEMPTS,
    RETRY,
    Key,
)

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_CODES = {code.value for code in ErrorCode}


class Retry(msgspec.Struct, kw_only=True, frozen=True):
    """When a failed step is tried again; `backoff` is in seconds, `on` empty means whatever may pass by itself."""

    max_attempts: int = 3
    backoff: float = 1.0
    on: list[str] = []


class Step(msgspec.Struct, kw_only=True):
    """What every kind of step has. `at` is where it stands in the definition; `when` and the rest hold expressions."""

    id: str
    at: At
    named: bool = True
    name: str | None = None
    when: Any = True
    retry: Retry | None = None
    timeout: float | None = None
    on_error: str = "fail"
    recovery: list[Step] = []


class ToolStep(Step, kw_only=True):
    tool: str
    arguments: dict[str, Any] = {}


class AgentStep(Step, kw_only=True):
    agent: str
    goal: str
    inputs: dict[str, Any] = {}


class WorkflowStep(Step, kw_only=True):
    workflow: str
    inputs: dict[str, Any] = {}


class ConditionStep(Step, kw_only=True):
    condition: Any
    then: list[Step] = []
    otherwise: list[Step] = []


class ParallelStep(Step, kw_only=True):
    branches: list[Step]
    max_parallel: int | None = None


class ForeachStep(Step, kw_only=True):
    items: Any
    variable: str = "item"
    body: list[Step]
    max_parallel: int = 1


class SetStep(Step, kw_only=True):
    values: dict[str, Any]


class FailStep(Step, kw_only=True):
    message: str


class ApprovalStep(Step, kw_only=True):
    message: str


class Parsed(NamedTuple):
    """Steps, and what is wrong with them; steps with a wrong form are left out."""

    steps: list[Step]
    errors: list[SavantError]


# A definition's key, where it differs from the field it fills.
_FIELDS: dict[str, tuple[type[Step], dict[str, str]]] = {
    "tool": (ToolStep, {"with": "arguments"}),
    "agent": (AgentStep, {"with": "inputs"}),
    "workflow": (WorkflowStep, {"with": "inputs"}),
    "condition": (ConditionStep, {"else": "otherwise"}),
    "parallel": (ParallelStep, {"parallel": "branches"}),
    "foreach": (ForeachStep, {"foreach": "items", "as": "variable", "steps": "body"}),
    "set": (SetStep, {"set": "values"}),
    "fail": (FailStep, {"fail": "message"}),
    "approval": (ApprovalStep, {"approval": "message"}),
}


def parse_steps(data: Any, positions: Positions | None = None, at: At = ("steps",)) -> Parsed:
    """The steps of a list of plain mappings, and every error of form with its position."""
    parser = _Parser(positions)
    return Parsed(parser.steps(data, at), parser.errors)


def children(step: Step) -> list[list[Step]]:
    """The lists of steps inside a step, recovery included."""
    inner: list[list[Step]] = [step.recovery]
    if isinstance(step, ConditionStep):
        inner += [step.then, step.otherwise]
    elif isinstance(step, ParallelStep):
        inner.append(step.branches)
    elif isinstance(step, ForeachStep):
        inner.append(step.body)
    return inner


def visible_ids(steps: list[Step]) -> Iterator[str]:
    """The ids that can be read after these steps: all inside them, except what is inside a loop."""
    for step in steps:
        yield step.id
        yield from visible_inside(step)


def visible_inside(step: Step) -> Iterator[str]:
    """The ids inside one step that can be read after it."""
    yield from visible_ids(step.recovery)
    if not isinstance(step, ForeachStep):
        for inner in children(step)[1:]:
            yield from visible_ids(inner)


def seconds(value: Any) -> float | None:
    """A duration in seconds from a number or `30s`, `5m`, `250ms`, `1h`; None if it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str) or not re.fullmatch(DURATION_PATTERN, value):
        return None
    number, unit = re.fullmatch(r"([0-9.]+)(\w+)", value).groups()  # pyright: ignore[reportOptionalMemberAccess]
    return float(number) * _UNITS[unit]


class _Parser:
    def __init__(self, positions: Positions | None) -> None:
        self._positions = positions
        self.errors: list[SavantError] = []

    def steps(self, data: Any, at: At) -> list[Step]:
        if not isinstance(data, list):
            self._fail(at, f"`{dotted(at)}` must be a list of steps.", "Begin each step with `- `.")
            return []
        if not data:
            self._fail(at, f"`{dotted(at)}` has no steps.", "Add a step, or remove the key.")
        parsed = (self._step(item, (*at, number)) for number, item in enumerate(data))
        return [step for step in parsed if step is not None]

    def _step(self, data: Any, at: At) -> Step | None:
        if not isinstance(data, dict):
            return self._fail(at, "A step is a mapping of keys to values.", f"Begin it with one of {KIND_NAMES}.")
        kinds = [kind for kind in KINDS if kind in data]
        if len(kinds) != 1:
            return self._no_kind(data, kinds, at)
        keys = KINDS[kinds[0]]
        before = len(self.errors)
        article = "an" if kinds[0][0] == "a" else "a"
        values = self._keys(data, COMMON | keys, f"{article} `{kinds[0]}` step", at)
        self._further_rules(kinds[0], data, at)
        if len(self.errors) > before:
            return None
        return _build(kinds[0], values, at)

    def _no_kind(self, data: dict[str, Any], kinds: list[str], at: At) -> None:
        if kinds:
            named = " and ".join(f"`{kind}`" for kind in kinds)
            self._fail((*at, kinds[1]), f"A step does one thing, not {named}.", "Make two steps of it.", key=True)
            return
        unknown = [key for key in data if key not in COMMON]
        hint = next(filter(None, (did_you_mean(key, KINDS) for key in unknown)), f"Give it one of {KIND_NAMES}.")
        self._fail((*at, unknown[0]) if unknown else at, "This step says not what to do.", hint, key=True)

    def _keys(self, data: dict[str, Any], keys: dict[str, Key], what: str, at: At) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key in keys:
                check: Callable[[Any, At], Any] = getattr(self, f"_{keys[key].shape}")
                values[key] = check(value, (*at, key))
            else:
                self._fail(
                    (*at, key), f"Unknown key `{key}` in {what}.", did_you_mean(key, keys, among="Known here"), key=True
                )
        for key, known in keys.items():
            if known.required and key not in data:
                self._fail(at, f"`{key}` is missing in {what}.", f"Add `{key}:`.")
        return values

    def _further_rules(self, kind: str, data: dict[str, Any], at: At) -> None:
        if kind == "condition" and "then" not in data and "else" not in data:
            self._fail(at, "A condition needs `then` or `else`.", "Add the steps that it decides about.")

    def _fail(self, at: At, message: str, hint: str | None, *, key: bool = False) -> None:
        place = self._positions and (self._positions.key(at) if key else self._positions.value(at))
        self.errors.append(problem(message, place, hint, at))

    def _must(self, at: At, what: str, hint: str | None = None) -> None:
        self._fail(at, f"`{at[-1]}` must be {what}.", hint)

    def _identifier(self, value: Any, at: At) -> Any:
        if isinstance(value, str) and re.fullmatch(ID_PATTERN, value):
            return value
        return self._must(at, "letters, digits and `_`, and not begin with a digit")

    def _text(self, value: Any, at: At) -> Any:
        if isinstance(value, str) and value:
            return value
        return self._must(at, "text", "Put it in quotes." if value not in ("", None) else None)

    def _test(self, value: Any, at: At) -> Any:
        return value

    def _duration(self, value: Any, at: At) -> Any:
        duration = seconds(value)
        if duration is not None and duration > 0:
            return duration
        return self._must(at, "a time above zero", "Write seconds, or `30s`, `5m`, `1h`.")

    def _wait(self, value: Any, at: At) -> Any:
        duration = seconds(value)
        if duration is not None and duration >= 0:
            return duration
        return self._must(at, "a time", "Write seconds, or `30s`, `5m`, `1h`.")

    def _attempts(self, value: Any, at: At) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ATTEMPTS:
            return value
        return self._must(at, f"a whole number from 1 to {MAX_ATTEMPTS}")

    def _positive(self, value: Any, at: At) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        return self._must(at, "a whole number above zero")

    def _mapping(self, value: Any, at: At) -> Any:
        return value if isinstance(value, dict) else self._must(at, "a mapping of names to values")

    def _names(self, value: Any, at: At) -> Any:
        if not isinstance(value, dict) or not value:
            return self._must(at, "a mapping of names to values")
        for name in value:
            if not re.fullmatch(ID_PATTERN, name):
                self._fail((*at, name), f"`{name}` cannot be a name.", "Use letters, digits and `_`.", key=True)
        return value

    def _list(self, value: Any, at: At) -> Any:
        if isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith("${{")):
            return value
        return self._must(at, "a list", "Write a list, or one `${{ }}` that is a list.")

    def _codes(self, value: Any, at: At) -> Any:
        if not isinstance(value, list) or not value:
            return self._must(at, "a list of error codes", "For example [tool_failed, timeout].")
        for number, code in enumerate(value):
            if code not in _CODES:
                hint = did_you_mean(str(code), _CODES, among="Known codes")
                self._fail((*at, number), f"There is no error code `{code}`.", hint)
        return value

    def _retry(self, value: Any, at: At) -> Any:
        if not isinstance(value, dict):
            return self._must(at, "a mapping", "For example {max_attempts: 3, backoff: 2s}.")
        values = self._keys(value, RETRY, "`retry`", at)
        return None if None in values.values() else Retry(**values)

    def _on_error(self, value: Any, at: At) -> Any:
        if value in ("fail", "continue"):
            return value
        if isinstance(value, list):
            return self.steps(value, at)
        return self._must(at, "`fail`, `continue`, or a list of steps", did_you_mean(str(value), ("fail", "continue")))

    def _steps(self, value: Any, at: At) -> Any:
        return self.steps(value, at)


def _build(kind: str, values: dict[str, Any], at: At) -> Step:
    type, names = _FIELDS[kind]
    fields = {names.get(key, key): value for key, value in values.items()}
    fields["when"] = fields.pop("if", True)
    recovery = fields.get("on_error")
    if isinstance(recovery, list):
        fields["on_error"], fields["recovery"] = "steps", recovery
    number = at[-1]
    identifier = fields.pop("id", None) or f"{kind}-{int(number) + 1}"
    return type(id=identifier, named="id" in values, at=at, **fields)
