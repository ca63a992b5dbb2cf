"""`savant plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.previews import Range, RunPlan

app = group()


@command(app)
async def plan(
    door: Door,
    ref: Annotated[str, typer.Argument(metavar="REF", help="A slug, agent/SLUG, workflow/SLUG, or a YAML file.")],
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="The model for all agents.")] = None,
) -> int:
    """Show what a run would do: its steps, what each tool does, what is missing, and what past runs cost.

    Nothing is run. Exits with 2 if something is missing.
    """
    from savant.client.placing import placed
    from savant.client.project import resolve
    from savant.errors import ExitCode
    from savant.schemas.runs import RunConfig, RunCreate

    async with door.connect() as client:
        found = await resolve(ref, door.cwd, client)
        config = RunConfig(root=door.root, model=model)
        create = RunCreate(type=found.type, slug=found.slug, config=config, bundle=found.project.bundle)
        with placed(found.project):
            planned = await client.previews.plan(create)
    door.out.show(planned, lambda: _text(planned))
    return ExitCode.USAGE if planned.problems else ExitCode.DONE


def _text(plan: RunPlan) -> str:
    from savant.cli import tables
    from savant.cli.output import style
    from savant.client.graphs import drawn

    parts = [drawn(plan.graph, "text").rstrip() if plan.graph else f"{plan.type} {plan.slug}"]
    if plan.tools:
        rows = [[tool.name, tool.effect, tool.permission, ", ".join(tool.used_by)] for tool in plan.tools]
        parts.append(tables.table(["TOOL", "EFFECT", "PERMISSION", "USED BY"], rows))
    if plan.models:
        parts.append(tables.table(["AGENT", "MODEL"], [[*pair] for pair in plan.models.items()]))
    if plan.asks:
        parts.append("\n".join([style("It will ask a person", "bold"), *(f"  {ask}" for ask in plan.asks)]))
    if plan.problems:
        missing = (f"  {style('✗', 'red')} {problem}" for problem in plan.problems)
        parts.append("\n".join([style("Missing", "bold"), *missing]))
    return "\n\n".join([*parts, "\n".join(_costs(plan))])


def _costs(plan: RunPlan) -> list[str]:
    from savant.cli import tables

    if plan.seconds is None and plan.cost_usd is None:
        return ["It was never run to its end, so nothing is known of its cost."]
    lines: list[str] = []
    if plan.cost_usd is not None:
        lines.append(f"cost  {_range(plan.cost_usd)}  ({plan.cost_usd.runs} runs)")
    if plan.seconds is not None:
        low, high = (tables.duration(each * 1000) for each in (plan.seconds.least, plan.seconds.most))
        lines.append(f"time  {low} to {high}  ({plan.seconds.runs} runs)")
    lines += [f"      {path}  {_range(cost)}" for path, cost in plan.step_costs.items()]
    if plan.budget_usd is not None:
        lines.append(f"budget  {tables.money(plan.budget_usd)}")
    return lines


def _range(cost: Range) -> str:
    from savant.cli.tables import money

    return f"{money(cost.least)} to {money(cost.most)}, median {money(cost.median)}"
