"""A workflow, run step by step: expressions are pure, and everything else goes through the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.runtime.definitions.load import raise_all
from savant.runtime.definitions.positions import At, did_you_mean
from savant.runtime.execution import Execution
from savant.runtime.journal import FINAL, Answer, Parked
from savant.runtime.journal_input import Do, Retry
from savant.runtime.limits import Limits, first
from savant.runtime.secrets import missing
from savant.runtime.workflows.expressions import ExpressionError, Scope, evaluate, evaluate_test
from savant.runtime.workflows.filters import describe, text
from savant.runtime.workflows.inputs import coerce_inputs, resolve_inputs
from savant.runtime.workflows.parallel import run_all, within
from savant.runtime.workflows.secret_names import placeholders, secret_names
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
    visible_ids,
    visible_inside,
)
from savant.schemas.steps import Effect, StepType
from savant.schemas.workflows import WorkflowBudget

__all__ = ["coerce_inputs", "run_workflow"]

MAX_ITEMS = 10_000
MAX_BACKOFF = 60.0
# Trying again changes nothing about these.
_LASTING = FINAL | {
    ErrorCode.USAGE,
    ErrorCode.INVALID_CONFIG,
    ErrorCode.INVALID_DEFINITION,
    ErrorCode.VALIDATION,
    ErrorCode.NOT_FOUND,
    ErrorCode.UNAUTHENTICATED,
    ErrorCode.FORBIDDEN,
    ErrorCode.MODEL_NOT_CONFIGURED,
    ErrorCode.MODEL_DENIED,
    ErrorCode.MODEL_BAD_REQUEST,
    ErrorCode.TOOL_UNKNOWN,
    ErrorCode.TOOL_BAD_ARGUMENTS,
    ErrorCode.POLICY_DENIED,
    ErrorCode.EXPRESSION,
    ErrorCode.FAILED_BY_STEP,
}


async def run_workflow(
    execution: Execution, slug: str, inputs: dict[str, Any], path: str | None = None
) -> dict[str, Any]:
    """The workflow's outputs. Raises the error of the step that failed, or Parked; `path` prefixes its steps."""
    return await _Interpreter(execution, (slug,), path or slug).run(inputs)


class _Interpreter:
    """One workflow of a run; `stack` is the slugs of the workflows it runs within, its own last."""

    def __init__(self, execution: Execution, stack: tuple[str, ...], path: str) -> None:
        self._execution = execution
        self._journal = execution.journal
        self._stack = stack
        self._path = path

    async def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        slug = self._stack[-1]
        workflow = self._execution.bundle.workflows.get(slug)
        if workflow is None:
            hint = did_you_mean(slug, self._execution.bundle.workflows, among="There are")
            raise SavantError(ErrorCode.NOT_FOUND, f"There is no workflow `{slug}`.", hint=hint)
        steps, errors = parse_steps(workflow.steps)
        raise_all(errors)
        scope = Scope(resolve_inputs(workflow, inputs), {"id": self._execution.config.number or self._journal.run_id})
        who = f"The workflow {slug}"
        limit = self._journal.allowed(self._path, self._limited(slug, workflow.budget or WorkflowBudget()), who)
        await within(limit, who, lambda: self._sequence(steps, scope, f"{self._path}/"))
        return evaluate(workflow.outputs, scope, ("outputs",))

    def _limited(self, slug: str, own: WorkflowBudget) -> float | None:
        """Put what follows at the workflow's expense and under its budget; the seconds it may take."""
        if len(self._stack) == 1:  # that of the run's own workflow is the run's, and kept by who runs it
            return None
        part = self._execution.set_for("workflow", slug)
        limits = Limits(
            who=f"Workflow `{slug}`",
            part=f"workflow/{slug}",
            token_budget=first(part.token_budget, own.tokens),
            budget_usd=first(part.budget_usd, own.usd),
            unpriced=self._execution.config.allow_unpriced,
        )
        self._execution = self._execution.within(limits, self._path, "workflow", slug)
        return first(part.timeout, own.timeout)

    async def _sequence(self, steps: list[Step], scope: Scope, prefix: str) -> Any:
        output: Any = None
        for step in steps:
            output = await self._step(step, scope, prefix + step.id)
        return output

    async def _step(self, step: Step, scope: Scope, path: str) -> Any:
        _mark(scope, visible_ids(step.recovery), "skipped")
        try:
            if not evaluate_test(step.when, scope, (*step.at, "if")):
                _mark(scope, (step.id, *visible_inside(step)), "skipped")
                return None
            output = await self._perform(step, scope, path)
        except SavantError as error:
            return await self._recover(step, scope, path, error)
        scope.steps[step.id] = {"output": output, "status": "completed", "error": None}
        return output

    async def _perform(self, step: Step, scope: Scope, path: str) -> Any:
        match step:
            case ToolStep():
                return await self._tool(step, scope, path)
            case AgentStep():
                return await self._agent(step, scope, path)
            case WorkflowStep():
                return await self._workflow(step, scope, path)
            case ConditionStep():
                return await self._condition(step, scope, path)
            case ParallelStep():
                return await self._parallel(step, scope, path)
            case ForeachStep():
                return await self._foreach(step, scope, path)
            case SetStep():
                return await self._set(step, scope, path)
            case FailStep():
                return await self._fail(step, scope, path)
            case ApprovalStep():
                return await self._approval(step, scope, path)
            case _:
                raise TypeError(f"No such kind of step: {type(step).__name__}")

    async def _recover(self, step: Step, scope: Scope, path: str, error: SavantError) -> Any:
        """What `on_error` says; an error it does not handle is raised as it came, with its step named."""
        error.details.setdefault("step", path)
        error.details.setdefault("workflow", self._stack[-1])
        if step.on_error == "fail" or error.code in FINAL:
            raise error
        _mark(scope, visible_inside(step), "cancelled")
        _mark(scope, visible_ids(step.recovery), "skipped")
        # The message with its hint, because that is what the journal keeps and a resumed run reads.
        failure = {"code": error.code.value, "message": str(error)}
        scope.steps[step.id] = {"output": None, "status": "failed", "error": failure}
        if step.on_error == "continue":
            return None
        output = await self._sequence(step.recovery, scope, f"{path}.on_error/")
        scope.steps[step.id] = {"output": output, "status": "recovered", "error": failure}
        return output

    async def _record(
        self,
        step: Step,
        path: str,
        type: StepType,
        input: Any,
        do: Do,
        *,
        effect: Effect = "read",
        tool_name: str | None = None,
        agent: str | None = None,
    ) -> Any:
        limit = self._journal.allowed(path, step.timeout, f"Step {path}")
        return await self._journal.step(
            path,
            type,
            input,
            effect,
            lambda: within(limit, f"Step {path}", do),
            tool_name=tool_name,
            agent=agent,
            handled=step.on_error != "fail",
            retry=_retry(step),
        )

    async def _tool(self, step: ToolStep, scope: Scope, path: str) -> Any:
        secrets = secret_names(step.arguments)
        arguments = evaluate(step.arguments, scope.with_secrets(placeholders(secrets)), (*step.at, "with"))
        toolbox = self._execution.toolbox
        effect = toolbox.spec(step.tool).effect

        async def do() -> Any:
            given = await self._with_secrets(step, scope, secrets) if secrets else arguments
            return await toolbox.call(step.tool, given)

        return await self._record(step, path, "tool", arguments, do, effect=effect, tool_name=step.tool)

    async def _with_secrets(self, step: ToolStep, scope: Scope, names: set[str]) -> Any:
        """The arguments with the secrets themselves, which go to the tool and nowhere else."""
        values = await self._execution.vault.values()
        if gone := names - values.keys():
            raise missing(gone)
        return evaluate(step.arguments, scope.with_secrets({name: values[name] for name in names}), (*step.at, "with"))

    async def _agent(self, step: AgentStep, scope: Scope, path: str) -> Any:
        goal = text(evaluate(step.goal, scope, (*step.at, "goal")))
        inputs = evaluate(step.inputs, scope, (*step.at, "with"))

        async def do() -> Any:
            # Imported here because a workflow without agents needs nothing of them.
            from savant.runtime.agents import run_agent

            return await run_agent(self._execution, step.agent, goal, path=path, inputs=inputs or None)

        input = {"agent": step.agent, "goal": goal, "inputs": inputs}
        return await self._record(step, path, "agent", input, do, agent=step.agent)

    async def _workflow(self, step: WorkflowStep, scope: Scope, path: str) -> Any:
        inputs = evaluate(step.inputs, scope, (*step.at, "with"))
        stack = (*self._stack, step.workflow)
        if step.workflow in self._stack:
            raise SavantError(
                ErrorCode.INVALID_DEFINITION,
                f"The workflow runs itself: {' -> '.join(stack)}.",
                hint="Use `foreach` to repeat steps.",
            )

        async def do() -> Any:
            return await _Interpreter(self._execution, stack, path).run(inputs)

        return await self._record(step, path, "workflow", {"workflow": step.workflow, "inputs": inputs}, do)

    async def _condition(self, step: ConditionStep, scope: Scope, path: str) -> Any:
        holds = evaluate_test(step.condition, scope, (*step.at, "condition"))
        branch = "then" if holds else "else"
        steps, skipped = (step.then, step.otherwise) if holds else (step.otherwise, step.then)
        _mark(scope, visible_ids(skipped), "skipped")

        async def body() -> tuple[Any, Scope]:
            inner = scope.branch()
            return await self._sequence(steps, inner, f"{path}.{branch}/"), inner

        input = {"condition": holds, "branch": branch}
        output, inner = await self._contain(step, path, "condition", input, body)
        scope.steps, scope.vars = inner.steps, inner.vars
        return output

    async def _parallel(self, step: ParallelStep, scope: Scope, path: str) -> Any:
        async def body() -> tuple[Any, list[Scope]]:
            scopes = [scope.branch() for _ in step.branches]
            branches = [
                _later(self._step, branch, inner, f"{path}.{branch.id}")
                for branch, inner in zip(step.branches, scopes, strict=True)
            ]
            outputs = await run_all(branches, step.max_parallel or len(branches), in_order=self._journal.in_order)
            return {branch.id: output for branch, output in zip(step.branches, outputs, strict=True)}, scopes

        input = {"branches": [branch.id for branch in step.branches]}
        output, scopes = await self._contain(step, path, "parallel", input, body)
        for branch, inner in zip(step.branches, scopes, strict=True):
            scope.steps.update({id: inner.steps[id] for id in visible_ids([branch])})
        return output

    async def _foreach(self, step: ForeachStep, scope: Scope, path: str) -> Any:
        items = _items(evaluate(step.items, scope, (*step.at, "foreach")), (*step.at, "foreach"))

        async def do() -> Any:
            count = len(items)
            scopes = [scope.branch(**{step.variable: item}, loop=_loop(n, count)) for n, item in enumerate(items)]
            branches = [
                _later(self._sequence, step.body, inner, f"{path}[{number}]/") for number, inner in enumerate(scopes)
            ]
            return await run_all(branches, step.max_parallel, in_order=self._journal.in_order)

        return await self._record(step, path, "foreach", {"items": items}, do)

    async def _contain(
        self, step: Step, path: str, type: StepType, input: Any, body: Callable[[], Awaitable[tuple[Any, Any]]]
    ) -> tuple[Any, Any]:
        """A step around other steps: its output, and what its body leaves in the scope.

        When the journal serves the output, the body is run again all the same: every step in it is served too,
        which brings back what later steps read, without storing it twice.
        """
        left: list[Any] = []

        async def do() -> Any:
            output, rest = await body()
            left[:] = [rest]
            return output

        output = await self._record(step, path, type, input, do)
        return output, left[0] if left else (await body())[1]

    async def _set(self, step: SetStep, scope: Scope, path: str) -> Any:
        values = evaluate(step.values, scope, (*step.at, "set"))

        async def do() -> Any:
            return values

        output = await self._record(step, path, "set", values, do)
        scope.vars.update(output)
        return output

    async def _fail(self, step: FailStep, scope: Scope, path: str) -> Any:
        message = text(evaluate(step.message, scope, (*step.at, "fail")))

        async def do() -> Any:
            raise SavantError(ErrorCode.FAILED_BY_STEP, message)

        return await self._record(step, path, "fail", {"message": message}, do)

    async def _approval(self, step: ApprovalStep, scope: Scope, path: str) -> Any:
        message = text(evaluate(step.message, scope, (*step.at, "approval")))

        async def do() -> Any:
            answer = self._answered(path, message)
            if answer.decision == "deny":
                because = f" ({answer.reason})" if answer.reason else ""
                raise SavantError(ErrorCode.POLICY_DENIED, f"Not approved{because}: {message}")
            return {"approved": True, "reason": answer.reason}

        return await self._record(step, path, "approval", {"message": message}, do)

    def _answered(self, path: str, message: str) -> Answer:
        answer = self._journal.answer(path)
        if answer is not None and answer.decision in ("approve", "deny"):
            return answer
        match self._execution.config.on_approval:
            case "deny":
                return Answer("deny", "in this run nobody is asked")
            case "fail":
                raise SavantError(
                    ErrorCode.APPROVAL_NEEDED,
                    f"Step {path} needs an approval, and nobody is here to give it: {message}",
                    hint="Run on a terminal, or with --on-approval park and answer later.",
                    details={"path": path, "message": message},
                )
            case "ask" | "park":
                raise Parked("approval", path, {"message": message})


def _mark(scope: Scope, ids: Any, status: str) -> None:
    for id in ids:
        scope.steps[id] = {"output": None, "status": status, "error": None}


def _later(function: Callable[..., Awaitable[Any]], *arguments: Any) -> Callable[[], Awaitable[Any]]:
    return lambda: function(*arguments)


def _loop(number: int, count: int) -> dict[str, Any]:
    return {"index": number, "first": number == 0, "last": number == count - 1, "length": count}


def _items(value: Any, at: At) -> list[Any]:
    if not isinstance(value, list):
        raise ExpressionError(f"`foreach` needs a list, not {describe(value)}.", at, 0)
    if len(value) > MAX_ITEMS:
        raise ExpressionError(f"`foreach` takes at most {MAX_ITEMS:,} items, not {len(value):,}.", at, 0)
    return value


def _retry(step: Step) -> Retry | None:
    plan = step.retry
    if plan is None:
        return None
    failures = 0

    def delay(error: SavantError, attempt: int) -> float | None:
        # Counted here and not by `attempt`, which also counts what a crash interrupted.
        nonlocal failures
        failures += 1
        again = error.code.value in plan.on if plan.on else error.code not in _LASTING
        if failures >= plan.max_attempts or not again or error.code in FINAL:
            return None
        return min(plan.backoff * 2 ** (failures - 1), MAX_BACKOFF) * clock.jitter()

    return delay
