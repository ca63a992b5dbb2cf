"""What is wrong with a workflow, as far as it can be known before a run: every finding, each in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from savant.errors import ErrorCode, Position, SavantError
from savant.runtime.definitions.positions import At, Positions, did_you_mean
from savant.runtime.tools.base import ToolSpec
from savant.runtime.tools.validate import problems
from savant.runtime.workflows.expressions import OPEN, Part, always_true, parse_template
from savant.runtime.workflows.inputs import mismatch
from savant.runtime.workflows.names import Known, shape_of
from savant.runtime.workflows.secret_names import computed_secret
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
    children,
    parse_steps,
    visible_ids,
)
from savant.runtime.workflows.tokens import Fault
from savant.schemas.programs import Bundle
from savant.schemas.workflows import WorkflowDefinition, WorkflowInput

_RESERVED = frozenset({"inputs", "steps", "vars", "run", "loop", "secrets", "env"})


def validate(
    workflow: WorkflowDefinition,
    bundle: Bundle,
    tools: list[ToolSpec] | None = None,
    positions: Positions | None = None,
) -> list[SavantError]:
    """All findings by position; without `tools` the names and arguments of tools are not checked."""
    return _Validator(workflow, bundle, tools, positions).run()


class _Validator:
    def __init__(
        self, workflow: WorkflowDefinition, bundle: Bundle, tools: list[ToolSpec] | None, positions: Positions | None
    ) -> None:
        self._workflow = workflow
        self._bundle = bundle
        self._tools = None if tools is None else {tool.name: tool for tool in tools}
        self._positions = positions
        self._errors: list[SavantError] = []

    def run(self) -> list[SavantError]:
        steps, self._errors = parse_steps(self._workflow.steps, self._positions)
        self._inputs()
        self._ids = self._unique_ids(steps)
        known = Known(set(self._workflow.inputs))
        self._sequence(steps, known)
        if len(steps) == len(self._workflow.steps):
            self._expressions(self._workflow.outputs, ("outputs",), known)
        return sorted(self._errors, key=lambda error: error.position or Position("", 0, 0))

    def _fail(
        self, at: At, message: str, hint: str | None = None, *, key: bool = False, code: ErrorCode | None = None
    ) -> None:
        place = self._positions and (self._positions.key(at) if key else self._positions.value(at))
        details: dict[str, Any] = {"at": list(at), **({"key": True} if key else {})}
        self._errors.append(
            SavantError(code or ErrorCode.INVALID_DEFINITION, message, hint=hint, position=place, details=details)
        )

    def _inputs(self) -> None:
        for name, declared in self._workflow.inputs.items():
            if declared.default is msgspec.UNSET:
                continue
            if problem := mismatch(declared, declared.default):
                self._fail(("inputs", name, "default"), f"The default of the input `{name}` {problem}.")

    def _unique_ids(self, steps: list[Step]) -> dict[str, Step]:
        seen: dict[str, Step] = {}
        for step in _all(steps):
            if step.named and step.id in seen:
                first = self._positions and self._positions.value((*seen[step.id].at, "id"))
                where = f" at line {first.line}" if first else ""
                self._fail((*step.at, "id"), f"The id `{step.id}` is already used{where}.", "Give each step its own.")
            seen.setdefault(step.id, step)
        return seen

    def _sequence(self, steps: list[Step], known: Known) -> None:
        ended: Step | None = None
        for step in steps:
            if ended is not None:
                self._fail(step.at, f"This step can never run: `{ended.id}` before it always fails.")
            ended = step if isinstance(step, FailStep) and step.when is True and step.on_error == "fail" else None
            self._step(step, known)

    def _step(self, step: Step, known: Known) -> None:
        self._test(step.when, (*step.at, "if"), known)
        self._body(step, known)
        known.steps[step.id] = shape_of(step)
        if step.recovery:
            self._sequence(step.recovery, known)

    def _body(self, step: Step, known: Known) -> None:
        match step:
            case ToolStep():
                self._expressions(step.arguments, (*step.at, "with"), known.for_a_tool())
                self._tool(step)
            case AgentStep():
                self._expressions(step.goal, (*step.at, "goal"), known)
                self._expressions(step.inputs, (*step.at, "with"), known)
                self._named("agent", step.agent, self._bundle.agents, (*step.at, "agent"))
            case WorkflowStep():
                self._expressions(step.inputs, (*step.at, "with"), known)
                self._nested(step)
            case ConditionStep():
                self._condition(step, known)
            case ParallelStep():
                self._parallel(step, known)
            case ForeachStep():
                self._foreach(step, known)
            case SetStep():
                self._expressions(step.values, (*step.at, "set"), known)
                known.vars |= set(step.values)
            case FailStep():
                self._expressions(step.message, (*step.at, "fail"), known)
            case ApprovalStep():
                self._expressions(step.message, (*step.at, "approval"), known)
            case _:
                pass

    def _condition(self, step: ConditionStep, known: Known) -> None:
        self._test(step.condition, (*step.at, "condition"), known)
        if isinstance(step.condition, bool):
            branch = "else" if step.condition else "then"
            if step.otherwise if step.condition else step.then:
                self._fail((*step.at, branch), f"`{branch}` can never run: the condition is {step.condition}.".lower())
        then, otherwise = known.copy(), known.copy()
        self._sequence(step.then, then)
        self._sequence(step.otherwise, otherwise)
        known.absorb(then, otherwise)

    def _parallel(self, step: ParallelStep, known: Known) -> None:
        inner = [known.copy() for _ in step.branches]
        for branch, own in zip(step.branches, inner, strict=True):
            self._step(branch, own)
        for branch, own in zip(step.branches, inner, strict=True):
            known.steps.update({id: own.steps.get(id) for id in visible_ids([branch])})

    def _foreach(self, step: ForeachStep, known: Known) -> None:
        self._expressions(step.items, (*step.at, "foreach"), known)
        if isinstance(step.items, str) and not self._is_whole(step.items):
            self._fail((*step.at, "foreach"), "`foreach` needs a list; this is text.", "Write one `${{ }}` alone.")
        if step.variable in _RESERVED:
            self._fail((*step.at, "as"), f"`{step.variable}` already means something else.", "Choose another name.")
        inner = known.copy()
        inner.locals |= {step.variable, "loop"}
        self._sequence(step.body, inner)

    def _tool(self, step: ToolStep) -> None:
        if self._tools is None:
            return
        at = (*step.at, "tool")
        spec = self._tools.get(step.tool)
        if spec is None:
            hint = did_you_mean(step.tool, self._tools, among="There are") or "There are no tools here."
            self._fail(at, f"There is no tool `{step.tool}`.", hint, code=ErrorCode.TOOL_UNKNOWN)
            return
        schema = spec.input_schema
        properties: dict[str, Any] = schema.get("properties") or {}
        for name in schema.get("required") or []:
            if name not in step.arguments:
                self._fail(at, f"`{step.tool}` needs the argument `{name}`.", "Add it under `with:`.")
        for name, value in step.arguments.items():
            self._argument(step, name, value, properties, schema)

    def _argument(
        self, step: ToolStep, name: str, value: Any, properties: dict[str, Any], schema: dict[str, Any]
    ) -> None:
        at = (*step.at, "with", name)
        if name not in properties:
            if schema.get("additionalProperties") is False:
                hint = did_you_mean(name, properties, among="It takes") or "It takes no arguments."
                self._fail(at, f"`{step.tool}` has no argument `{name}`.", hint, key=True)
        elif not _has_expression(value):
            found = problems({**properties[name], "$defs": schema.get("$defs", {})}, value)
            for problem in found[:1]:
                self._fail(at, f"The argument `{name}` of `{step.tool}` does not fit: {problem}.")

    def _named(self, kind: str, name: str, known: dict[str, Any], at: At) -> bool:
        if name in known:
            return True
        hint = did_you_mean(name, known, among="There are") or f"Add it as `.savant/{kind}s/{name}.yaml`."
        self._fail(at, f"There is no {kind} `{name}`.", hint, code=ErrorCode.NOT_FOUND)
        return False

    def _nested(self, step: WorkflowStep) -> None:
        at = (*step.at, "workflow")
        if not self._named("workflow", step.workflow, self._bundle.workflows, at):
            return
        if cycle := self._cycle(step.workflow):
            self._fail(at, f"The workflow runs itself: {' -> '.join(cycle)}.", "Use `foreach` to repeat steps.")
        declared = self._bundle.workflows[step.workflow].inputs
        for name, value in step.inputs.items():
            self._nested_input(step, name, value, declared)
        for name, input in declared.items():
            if name not in step.inputs and input.required and input.default is msgspec.UNSET:
                self._fail(at, f"The workflow `{step.workflow}` needs the input `{name}`.", "Add it under `with:`.")

    def _nested_input(self, step: WorkflowStep, name: str, value: Any, declared: dict[str, WorkflowInput]) -> None:
        at = (*step.at, "with", name)
        if name not in declared:
            hint = did_you_mean(name, declared, among="Its inputs") or "It has no inputs."
            self._fail(at, f"The workflow `{step.workflow}` has no input `{name}`.", hint, key=True)
        elif not _has_expression(value) and (problem := mismatch(declared[name], value)):
            self._fail(at, f"The input `{name}` of `{step.workflow}` {problem}.")

    def _cycle(self, slug: str) -> list[str] | None:
        """The way from this workflow through `slug` back to itself, if there is one."""
        own = self._own_slug()
        if own is None:
            return None
        ways = [[own, slug]]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            if way[-1] == own:
                return way
            if way[-1] not in seen and way[-1] in self._bundle.workflows:
                seen.add(way[-1])
                steps = parse_steps(self._bundle.workflows[way[-1]].steps).steps
                ways += [[*way, step.workflow] for step in _all(steps) if isinstance(step, WorkflowStep)]
        return None

    def _own_slug(self) -> str | None:
        slugs = [slug for slug, other in self._bundle.workflows.items() if other is self._workflow]
        return slugs[0] if slugs else self._workflow.slug

    def _test(self, value: Any, at: At, known: Known) -> None:
        self._expressions(value, at, known)
        if isinstance(value, str) and not self._is_whole(value):
            self._fail(at, *always_true(value), "Put it all inside one `${{ }}`.")

    def _is_whole(self, value: str) -> bool:
        try:
            template = parse_template(value)
        except Fault:
            return True
        return len(template) == 1 and isinstance(template[0], Part)

    def _expressions(self, value: Any, at: At, known: Known) -> None:
        if isinstance(value, dict):
            for key, member in value.items():
                self._expressions(member, (*at, key), known)
        elif isinstance(value, list):
            for number, item in enumerate(value):
                self._expressions(item, (*at, number), known)
        elif isinstance(value, str) and OPEN in value:
            self._text(value, at, known)

    def _text(self, value: str, at: At, known: Known) -> None:
        try:
            template = parse_template(value)
        except Fault as fault:
            self._fault(fault, value, at)
            return
        for part in template:
            if isinstance(part, Part):
                for reference in part.expression.references:
                    fault = known.fault(reference, self._ids) or computed_secret(part.expression, reference)
                    if fault is not None:
                        self._fault(Fault(fault.message, part.offset + fault.offset, fault.hint), value, at)

    def _fault(self, fault: Fault, value: str, at: At) -> None:
        place = self._positions and self._positions.within(at, value, fault.offset)
        details = {"at": list(at), "offset": fault.offset}
        self._errors.append(
            SavantError(ErrorCode.INVALID_DEFINITION, fault.message, hint=fault.hint, position=place, details=details)
        )


def _all(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for inner in children(step):
            yield from _all(inner)


def _has_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_expression(member) for member in value.values())
    if isinstance(value, list):
        return any(_has_expression(item) for item in value)
    return isinstance(value, str) and OPEN in value
