"""Before a run: what it would do and cost, and what its agent's model would read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from savant.errors import SavantError
from savant.runtime.execution import Execution
from savant.runtime.graphs import graph_of
from savant.runtime.journal import Journal
from savant.runtime.journal_store import MemoryStore
from savant.runtime.secrets import missing
from savant.runtime.tools.policy import decide, unmatched, visible
from savant.runtime.tools.toolbox import EngineToolbox
from savant.runtime.workflows.validate import validate
from savant.schemas.graphs import Graph
from savant.schemas.previews import PlannedTool, RunPlan
from savant.schemas.programs import Program
from savant.schemas.prompts import AgentPrompt
from savant.schemas.runs import RunCreate
from savant.schemas.steps import Effect
from savant.services import models, pastcosts, programs, toolboxes, vaults
from savant.services.app import App


async def plan(app: App, create: RunCreate) -> RunPlan:
    """The resolved graph, the tools with their effects, what is missing, and what past runs cost. Runs nothing."""
    async with app.read() as work:
        program = await programs.resolve(work, create)
    root = await programs.place(app, program, create)
    toolbox = toolboxes.build(app, root, program.bundle)
    try:
        graphs = {slug: graph_of(workflow) for slug, workflow in program.bundle.workflows.items()}
        plan = RunPlan(type=program.type, slug=program.slug, graph=graphs.get(program.slug))
        plan.problems = [*_problems(program, toolbox)]
        plan.tools, plan.asks = _tools(program, toolbox, graphs)
        await _add_models(app, program, create, plan)
    finally:
        await toolbox.aclose()
    async with app.read() as work:
        if gone := await vaults.absent(work, vaults.named(program.bundle)):
            plan.problems.append(str(missing(gone)))
        plan.cost_usd, plan.seconds, plan.step_costs = await pastcosts.of(work, program.type, program.slug)
    plan.budget_usd = create.config.budget_usd or _own_budget(program)
    return plan


async def prompt(app: App, create: RunCreate) -> AgentPrompt:
    """What the agent's first model would read, exactly, with the tokens of each part; asks no model."""
    from savant.runtime.agents import preview

    async with app.read() as work:
        program = await programs.resolve(work, create)
    root = await programs.place(app, program, create)
    program.models = await models.choose(app.settings, program.bundle, create.config.model)
    program.small_models = models.small(app.settings, program.bundle)
    program.model_facts = await models.facts(app.settings, program)
    toolbox = toolboxes.build(app, root, program.bundle)
    registry = models.registry(app.settings)
    journal = Journal(MemoryStore())
    execution = Execution(
        program=program, journal=journal, models=registry, toolbox=toolbox, config=create.config, root=root
    )
    try:
        return await preview(execution, create.slug, create.goal or "(your goal)", inputs=create.inputs or None)
    finally:
        await journal.aclose()
        await toolbox.aclose()
        await registry.aclose()


def _problems(program: Program, toolbox: EngineToolbox) -> Iterator[str]:
    specs = toolbox.specs()
    for slug, workflow in program.bundle.workflows.items():
        for error in validate(workflow, program.bundle, specs):
            yield f"workflow {slug}: {error}"
    for slug, agent in program.bundle.agents.items():
        for rule in unmatched(agent.tools, specs):
            yield f"agent {slug}: the rule `{rule}` names no tool there is.{_how_to_get(rule)}"


def _how_to_get(rule: str) -> str:
    return " The shell is off: savant config set shell true turns it on." if rule.startswith("shell.") else ""


def _tools(program: Program, toolbox: EngineToolbox, graphs: dict[str, Graph]) -> tuple[list[PlannedTool], list[str]]:
    """Every tool that steps call and agents may call, and where a person will be asked."""
    effects: dict[str, Effect] = {spec.name: spec.effect for spec in toolbox.specs()}
    found: dict[str, PlannedTool] = {}
    asks: list[str] = []

    def use(name: str, by: str, permission: Any = "allow") -> None:
        if name in effects:
            tool = found.setdefault(name, PlannedTool(name=name, effect=effects[name], permission="allow", used_by=[]))
            tool.used_by.append(by)
            tool.permission = permission if permission == "ask" else tool.permission

    for slug, graph in graphs.items():
        for node in graph.nodes:
            if node.kind == "tool":
                use(node.detail, f"{slug}/{node.id}")
            elif node.kind == "approval":
                asks.append(f"{slug}/{node.id}: {node.detail}")
    for slug, agent in program.bundle.agents.items():
        for spec in visible(agent.tools, toolbox.specs()):
            action = decide(agent.tools, spec.name, {}).action
            asked = action == "ask" or any(rule.partition("(")[0] == spec.name for rule in agent.tools.ask)
            use(spec.name, f"agent {slug}", "ask" if asked else "allow")
            if asked:
                asks.append(f"agent {slug}: before it calls {spec.name}")
    return sorted(found.values(), key=lambda tool: tool.name), asks


async def _add_models(app: App, program: Program, create: RunCreate, plan: RunPlan) -> None:
    try:
        plan.models = await models.choose(app.settings, program.bundle, create.config.model)
    except SavantError as error:
        plan.problems.append(str(error))


def _own_budget(program: Program) -> float | None:
    if program.type == "agent":
        return program.bundle.agents[program.slug].config.budget_usd
    budget = program.bundle.workflows[program.slug].budget
    return budget.usd if budget else None
