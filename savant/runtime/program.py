"""A run from its program to its result, whether it is of an agent or of a workflow."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.execution import Execution
from savant.runtime.limits import Limits, deadline, first
from savant.schemas.workflows import WorkflowBudget


async def run_program(execution: Execution, goal: str | None, inputs: dict[str, Any]) -> dict[str, Any]:
    """The result of the run: an agent's `{"text", "output", "steps", "model"}`, or a workflow's `{"outputs"}`.

    Raises SavantError with the run's error code, or Parked. Limits and the time-out cover the whole run, as its
    caller set them, or else as the workflow's budget does.
    """
    budget = _budget(execution)
    execution = msgspec.structs.replace(
        execution,
        limits=Limits(
            token_budget=first(execution.config.token_budget, budget.tokens),
            budget_usd=first(execution.config.budget_usd, budget.usd),
            unpriced=execution.config.allow_unpriced,
        ),
        account=None,
    )
    timeout = first(execution.config.timeout, budget.timeout)
    async with deadline(execution.journal.allowed("", timeout, "The run"), "The run"):
        if execution.program.type == "agent":
            return await _run_agent(execution, goal, inputs)
        return await _run_workflow(execution, inputs)


def _budget(execution: Execution) -> WorkflowBudget:
    program = execution.program
    if program.type != "workflow":
        return WorkflowBudget()
    workflow = execution.bundle.workflows.get(program.slug)
    own, part = (workflow.budget if workflow else None) or WorkflowBudget(), execution.set_for("workflow", program.slug)
    return WorkflowBudget(
        usd=first(part.budget_usd, own.usd),
        tokens=first(part.token_budget, own.tokens),
        timeout=first(part.timeout, own.timeout),
    )


async def _run_agent(execution: Execution, goal: str | None, inputs: dict[str, Any]) -> dict[str, Any]:
    from savant.runtime.agents import run_agent

    slug = execution.program.slug
    if goal is None or not goal.strip():
        raise SavantError(
            ErrorCode.USAGE, f"Agent `{slug}` needs a goal.", hint=f'Say what it shall do: savant run {slug} "..."'
        )
    return await run_agent(execution, slug, goal, path=slug, inputs=inputs)


async def _run_workflow(execution: Execution, inputs: dict[str, Any]) -> dict[str, Any]:
    from savant.runtime.workflows.interpreter import run_workflow

    return {"outputs": await run_workflow(execution, execution.program.slug, inputs)}
