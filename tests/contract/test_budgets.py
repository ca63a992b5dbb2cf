"""Budgets of a workspace, an agent and a workflow, by day and month: what runs spend together stays within them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from savant import clock
from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentConfig, AgentDefinition
from savant.schemas.budgets import Budget, BudgetScope, BudgetSet
from savant.schemas.programs import Bundle
from savant.schemas.replays import RunFork
from savant.schemas.runs import Run, RunConfig, RunCreate
from savant.schemas.workflows import WorkflowDefinition
from savant.services import leases

pytestmark = pytest.mark.carried_out

SCRIPT = """
turns:
  - {text: First, tools: [{name: fs.list, arguments: {}}], cost_usd: 0.25, usage: {input_tokens: 10, output_tokens: 5}}
  - {text: Done., cost_usd: 0.25, usage: {input_tokens: 10, output_tokens: 5}}
"""


def create(root: Path, slug: str = "worker", **config: Any) -> RunCreate:
    """A run that costs half a dollar, in two calls."""
    (root / "script.yaml").write_text(SCRIPT)
    agent = AgentDefinition(name="Worker", config=AgentConfig(llm_model=f"scripted/{root}/script.yaml"))
    agent.tools.allow = ["fs.*"]
    given = RunConfig(root=str(root), **config)
    return RunCreate(type="agent", slug=slug, goal="Work.", bundle=Bundle(agents={slug: agent}), config=given)


async def ended(client: Client, run: Run) -> Run:
    async for _ in client.runs.follow(run.id):
        pass
    return await client.runs.get(run.id)


async def started(client: Client, create: RunCreate) -> Run:
    return await ended(client, await client.runs.start(create))


async def the_only(client: Client) -> Budget:
    [budget] = await client.budgets.list()
    return budget


async def test_what_runs_cost_is_counted_before_and_after_there_is_a_budget(client: Client, root: Path) -> None:
    await started(client, create(root))
    assert (await client.budgets.set(BudgetSet(period="day", usd=5))).spent_usd == 0.5
    await started(client, create(root))
    budget = await the_only(client)
    assert (budget.spent_usd, budget.reserved_usd, budget.left_usd) == (1.0, 0.0, 4.0)


async def test_a_run_ends_where_the_money_does_and_goes_on_when_there_is_more(client: Client, root: Path) -> None:
    await client.budgets.set(BudgetSet(period="day", usd=0.2))
    run = await started(client, create(root))
    assert (run.status, run.error_code, run.cost_usd) == ("failed", "budget", 0.25)
    assert "savant budget set" in (run.error_message or "")
    await client.budgets.set(BudgetSet(period="day", usd=2))
    resumed = await ended(client, await client.runs.resume(run.id))
    assert (resumed.status, resumed.cost_usd) == ("completed", 0.5)
    assert (await the_only(client)).spent_usd == 0.5


async def test_the_tightest_of_several_holds(client: Client, root: Path) -> None:
    await client.budgets.set(BudgetSet(period="day", usd=9))
    await client.budgets.set(BudgetSet(period="month", usd=9))
    await client.budgets.set(BudgetSet(period="month", usd=0.5, scope="agent", slug="worker"))
    assert (await started(client, create(root))).status == "completed"
    refused = await started(client, create(root))
    assert refused.error_code == "budget"
    assert "agent `worker` may spend" in (refused.error_message or "").lower()
    assert (await started(client, create(root, "other"))).status == "completed"
    spent = {(budget.scope, budget.period): budget.spent_usd for budget in await client.budgets.list()}
    assert spent == {("workspace", "day"): 1.0, ("workspace", "month"): 1.0, ("agent", "month"): 0.5}


async def test_runs_at_the_same_time_share_it(client: Client, root: Path) -> None:
    await client.budgets.set(BudgetSet(period="day", usd=0.6))
    runs = await asyncio.gather(*(started(client, create(root)) for _ in range(3)))
    budget = await the_only(client)
    assert budget.spent_usd == sum(run.cost_usd or 0 for run in runs)
    assert "failed" in {run.status for run in runs}
    assert budget.reserved_usd == 0.0


async def test_yesterday_is_not_today_and_last_month_is_not_this(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    await started(client, create(root))
    for period in ("day", "month"):
        await client.budgets.set(BudgetSet(period=period, usd=5))
    assert [budget.spent_usd for budget in await client.budgets.list()] == [0.5, 0.5]
    at = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    assert [budget.spent_usd for budget in await client.budgets.list()] == [0.0, 0.0]


async def test_a_deleted_run_was_still_paid_for(client: Client, root: Path) -> None:
    run = await started(client, create(root))
    await client.runs.delete(run.id)
    assert (await client.budgets.set(BudgetSet(period="month", usd=5))).spent_usd == 0.5


async def test_a_fork_pays_only_for_what_it_does_itself(client: Client, root: Path) -> None:
    run = await started(client, create(root))
    last = max(step.step_number for step in await client.runs.steps(run.id))
    fork = await ended(client, await client.runs.fork(run.id, RunFork(at=str(last))))
    assert (fork.status, fork.cost_usd) == ("completed", 0.5)
    assert (await client.budgets.set(BudgetSet(period="day", usd=5))).spent_usd == 0.75


async def test_a_budget_is_changed_and_removed(client: Client) -> None:
    first = await client.budgets.set(BudgetSet(period="day", usd=5))
    assert (await client.budgets.set(BudgetSet(period="day", usd=7))).id == first.id
    assert (await the_only(client)).usd == 7
    await client.budgets.remove("workspace", "", "day")
    assert await client.budgets.list() == []
    with pytest.raises(SavantError, match="no budget by the day") as gone:
        await client.budgets.remove("workspace", "", "day")
    assert gone.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(SavantError, match="by slug"):
        await client.budgets.set(BudgetSet(period="day", usd=5, scope="agent"))


USED = "cost_usd: 0.25, usage: {input_tokens: 10, output_tokens: 5}"
FAMILY = f"""
turns:
  - {{tools: [{{name: agents.run, arguments: {{agent: helper, goal: Help me.}}}}], when: {{goal: Lead.}}, {USED}}}
  - {{text: Led., when: {{goal: Lead.}}, {USED}}}
  - {{text: Looking., tools: [{{name: fs.list, arguments: {{}}}}], when: {{goal: Help me.}}, {USED}}}
  - {{text: Helped., when: {{goal: Help me.}}, {USED}}}
"""
SCOPES: list[tuple[BudgetScope, str]] = [
    ("workspace", ""), ("agent", "lead"), ("agent", "helper"), ("workflow", "outer"), ("workflow", "inner"),
]  # fmt: skip


def nested(root: Path, times: int = 1) -> RunCreate:
    """A workflow in a workflow that runs an agent with a delegate: a dollar each time, half of it the delegate's."""
    (root / "script.yaml").write_text(FAMILY)
    config = AgentConfig(llm_model=f"scripted/{root}/script.yaml")
    lead = AgentDefinition(name="Lead", config=config, delegates=["helper"])
    helper = AgentDefinition(name="Helper", config=config)
    helper.tools.allow = ["fs.*"]
    branches = [{"id": f"b{n}", "agent": "lead", "goal": "Lead."} for n in range(times)]
    bundle = Bundle(agents={"lead": lead, "helper": helper})
    bundle.workflows["inner"] = WorkflowDefinition(name="Inner", steps=[{"id": "all", "parallel": branches}])
    bundle.workflows["outer"] = WorkflowDefinition(name="Outer", steps=[{"id": "in", "workflow": "inner"}])
    return RunCreate(type="workflow", slug="outer", bundle=bundle, config=RunConfig(root=str(root)))


async def spent(client: Client) -> dict[str, float]:
    assert {budget.reserved_usd for budget in await client.budgets.list()} == {0.0}
    return {budget.slug or budget.scope: budget.spent_usd for budget in await client.budgets.list()}


async def set_all(client: Client, usd: float) -> None:
    for scope, slug in SCOPES:
        await client.budgets.set(BudgetSet(period="month", usd=usd, scope=scope, slug=slug))


@pytest.mark.parametrize("before", [True, False], ids=["budgets before", "budgets after"])
async def test_what_a_call_costs_is_spent_once_by_each_it_is_made_for(client: Client, root: Path, before: bool) -> None:
    if before:
        await set_all(client, 50)
    assert (await started(client, nested(root, times=3))).status == "completed"
    await started(client, create(root))
    await set_all(client, 50)
    assert await spent(client) == {"workspace": 3.5, "lead": 3.0, "helper": 1.5, "outer": 3.0, "inner": 3.0}


@pytest.mark.parametrize(("scope", "slug"), SCOPES[1:])
async def test_however_it_is_run_it_ends_where_its_money_does(
    client: Client, root: Path, scope: BudgetScope, slug: str
) -> None:
    """And goes on when there is more, with nothing counted twice."""
    await client.budgets.set(BudgetSet(period="day", usd=0.25, scope=scope, slug=slug))
    run = await started(client, nested(root))
    assert (run.status, run.error_code) == ("failed", "budget")
    assert f"{scope} `{slug}` may spend" in (run.error_message or "").lower()
    assert (await the_only(client)).spent_usd == 0.25
    await client.budgets.set(BudgetSet(period="day", usd=5, scope=scope, slug=slug))
    run = await ended(client, await client.runs.resume(run.id))
    assert (run.status, run.cost_usd) == ("completed", 1.0)
    assert (await client.runs.replay(run.id)).equal
    await client.budgets.remove(scope, slug, "day")
    await set_all(client, 50)
    assert await spent(client) == {"workspace": 1.0, "lead": 1.0, "helper": 0.5, "outer": 1.0, "inner": 1.0}


async def test_a_budget_of_another_agent_stands_in_nobodys_way(client: Client, root: Path) -> None:
    await client.budgets.set(BudgetSet(period="day", usd=0, scope="agent", slug="helper"))
    await client.budgets.set(BudgetSet(period="day", usd=0, scope="workflow", slug="worker"))
    assert (await started(client, create(root))).status == "completed"
    assert (await started(client, nested(root))).error_code == "budget"


async def test_a_run_that_is_under_way_keeps_to_a_new_budget(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.0)
    given = create(root)
    (root / "script.yaml").write_text(SCRIPT.replace("{text: First,", "{text: First, delay: 3,"))
    run = await client.runs.start(given)
    following = asyncio.create_task(ended(client, run))
    async with asyncio.timeout(60):
        while not await client.runs.steps(run.id):
            await asyncio.sleep(0.05)
    await client.budgets.set(BudgetSet(period="day", usd=0.2, scope="agent", slug="worker"))
    stopped = await following
    assert (stopped.status, stopped.error_code, stopped.cost_usd) == ("failed", "budget", 0.25)
