"""`savant budget`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.budgets import Budget, BudgetScope

app = group()
Per = Annotated[Literal["day", "month"], typer.Option("--per", help="The period, in UTC.")]
Agent = Annotated[
    str | None, typer.Option("--agent", metavar="SLUG", help="Of what this agent spends, however it is run.")
]
Workflow = Annotated[
    str | None,
    typer.Option("--workflow", metavar="SLUG", help="Of what is spent inside this workflow, however it is run."),
]


@command(app, "list")
async def list_(door: Door) -> None:
    """List the budgets, and what is spent and left of each."""
    async with door.connect() as client:
        _show(door, await client.budgets.list())


@command(app)
async def show(door: Door, agent: Agent = None, workflow: Workflow = None) -> None:
    """Show the budgets of the workspace, or those of an agent or workflow, and what is left of them."""
    scope, slug = _whose(agent, workflow)
    async with door.connect() as client:
        found = await client.budgets.list()
    _show(door, [budget for budget in found if (budget.scope, budget.slug) == (scope, slug)])


@command(app, "set")
async def set_(
    door: Door,
    usd: Annotated[float, typer.Argument(metavar="USD", help="How much may be spent.", min=0)],
    per: Per = "month",
    agent: Agent = None,
    workflow: Workflow = None,
) -> None:
    """Limit what all runs together may spend in a day or a month; runs under way keep to it as well."""
    from savant.schemas.budgets import BudgetSet

    scope, slug = _whose(agent, workflow)
    async with door.connect() as client:
        budget = await client.budgets.set(BudgetSet(period=per, usd=usd, scope=scope, slug=slug))
    door.out.show(budget, lambda: "")
    door.say.note(f"${budget.usd:g} a {per}; ${budget.spent_usd:.4f} are spent, ${budget.left_usd:.4f} are left.")


@command(app)
async def remove(door: Door, per: Per = "month", agent: Agent = None, workflow: Workflow = None) -> None:
    """Lift a limit."""
    scope, slug = _whose(agent, workflow)
    async with door.connect() as client:
        await client.budgets.remove(scope, slug, per)
    door.out.show({"removed": {"scope": scope, "slug": slug, "period": per}}, lambda: "")
    door.say.note("It is lifted.")


def _whose(agent: str | None, workflow: str | None) -> tuple[BudgetScope, str]:
    from savant.errors import ErrorCode, SavantError

    if agent and workflow:
        raise SavantError(ErrorCode.USAGE, "A budget is of an agent or of a workflow, not of both.")
    if agent:
        return "agent", agent
    return ("workflow", workflow) if workflow else ("workspace", "")


def _show(door: Door, budgets: list[Budget]) -> None:
    from savant.cli import tables

    headings = ["OF", "PER", "LIMIT", "SPENT", "RESERVED", "LEFT"]
    rows = [[f"{each.scope} {each.slug}".strip(), each.period, *map(tables.money, _amounts(each))] for each in budgets]
    door.out.show(
        {"items": budgets},
        lambda: tables.table(headings, rows) if rows else "",
        lambda: tables.markdown_table(headings, rows),
    )
    if not rows:
        door.say.note("There is no budget. Set one: savant budget set USD --per day|month")


def _amounts(budget: Budget) -> list[float]:
    return [budget.usd, budget.spent_usd, budget.reserved_usd, budget.left_usd]
