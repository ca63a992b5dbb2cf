"""A run of a workflow: its agents and its limits, from the same entrance as a run of an agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import savant
from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.fs import Fs
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.llm.scripted import ScriptedModel
from savant.runtime.program import run_program
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.programs import Bundle, Program
from savant.schemas.runs import RunConfig
from savant.schemas.workflows import WorkflowBudget, WorkflowDefinition

AGENT = AgentDefinition(name="Reader", tools=ToolPolicy(allow=["fs.*"]), config=AgentConfig(llm_model="scripted/x"))
STEPS: list[dict[str, Any]] = [
    {"id": "first", "agent": "reader", "goal": "Read a."},
    {"id": "second", "agent": "reader", "goal": "Read ${{ steps.first.output.text }}."},
]
PAID = {"usage": {"input_tokens": 90, "output_tokens": 10}, "cost_usd": 0.25}


async def run(root: Path, store: MemoryStore, turns: list[Any], budget: WorkflowBudget, **config: Any) -> Any:
    models = ModelRegistry()
    models.add("scripted/x", ScriptedModel(turns, "scripted/x"))
    outputs = {"answer": "${{ steps.second.output.text }}"}
    workflow = WorkflowDefinition(name="Twice", steps=STEPS, outputs=outputs, budget=budget)
    program = Program(
        type="workflow",
        slug="twice",
        bundle=Bundle(agents={"reader": AGENT}, workflows={"twice": workflow}),
        savant_version=savant.__version__,
    )
    journal = await Journal.open(store)
    execution = Execution(
        program=program,
        journal=journal,
        models=models,
        toolbox=EngineToolbox([Fs(root)]),
        config=RunConfig(**config),
    )
    try:
        return await run_program(execution, None, {})
    finally:
        await journal.aclose()


TURNS = [{"text": "Looking.", "tools": [{"name": "fs.list"}], **PAID}, {"text": "b", **PAID}]


async def test_a_workflow_of_agents_gives_its_outputs(tmp_path: Path) -> None:
    store = MemoryStore()
    assert await run(tmp_path, store, TURNS, WorkflowBudget()) == {"outputs": {"answer": "b"}}
    paths = [step.path for step in store.steps.values() if step.type == "model"]
    assert paths == [f"twice/{id}/agent/{n}/model" for id in ("first", "second") for n in (1, 2)]


@pytest.mark.parametrize(
    ("budget", "config", "code"),
    [
        (WorkflowBudget(tokens=300), {}, ErrorCode.TOKEN_BUDGET),
        (WorkflowBudget(usd=0.75), {}, ErrorCode.BUDGET),
        (WorkflowBudget(tokens=10_000), {"token_budget": 300}, ErrorCode.TOKEN_BUDGET),
        (WorkflowBudget(), {"budget_usd": 0.75}, ErrorCode.BUDGET),
    ],
)
async def test_a_budget_covers_all_agents_and_a_resume_with_more_goes_on(
    tmp_path: Path, budget: WorkflowBudget, config: dict[str, Any], code: ErrorCode
) -> None:
    store = MemoryStore()
    with pytest.raises(SavantError) as caught:
        await run(tmp_path, store, TURNS, budget, **config)
    assert caught.value.code is code
    assert len([step for step in store.steps.values() if step.type == "model"]) == 3
    more = {"token_budget": 10_000, "budget_usd": 10.0}
    assert await run(tmp_path, store, TURNS, budget, **more) == {"outputs": {"answer": "b"}}
    assert len([step for step in store.steps.values() if step.type == "model"]) == 4


@pytest.mark.parametrize(
    ("budget", "config"), [(WorkflowBudget(timeout=0.2), {}), (WorkflowBudget(), {"timeout": 0.2})]
)
async def test_the_wall_clock_covers_the_whole_run(tmp_path: Path, budget: WorkflowBudget, config: Any) -> None:
    with pytest.raises(SavantError) as caught:
        await run(tmp_path, MemoryStore(), [{"text": "Late.", "delay": 30.0}], budget, **config)
    assert caught.value.code is ErrorCode.TIMEOUT


async def run_steps(
    root: Path, store: MemoryStore, steps: list[dict[str, Any]], turns: list[Any], inner: WorkflowBudget, **config: Any
) -> Any:
    """A workflow whose steps may call the agent `reader` and the workflow `inner`, which has a budget of its own."""
    models = ModelRegistry()
    models.add("scripted/x", ScriptedModel(turns, "scripted/x"))
    inside = WorkflowDefinition(name="Inner", steps=STEPS, budget=inner)
    program = Program(
        type="workflow",
        slug="outer",
        bundle=Bundle(
            agents={"reader": AGENT},
            workflows={"outer": WorkflowDefinition(name="Outer", steps=steps), "inner": inside},
        ),
        savant_version=savant.__version__,
    )
    journal = await Journal.open(store)
    execution = Execution(
        program=program,
        journal=journal,
        models=models,
        toolbox=EngineToolbox([Fs(root)]),
        config=RunConfig(**config),
    )
    try:
        return await run_program(execution, None, {})
    finally:
        await journal.aclose()


@pytest.mark.parametrize(
    ("config", "code"),
    [({"token_budget": 100}, ErrorCode.TOKEN_BUDGET), ({"budget_usd": 0.25}, ErrorCode.BUDGET)],
)
async def test_no_step_goes_on_without_the_money_whatever_its_on_error_says(
    tmp_path: Path, config: dict[str, Any], code: ErrorCode
) -> None:
    steps = [
        {"id": "read", "agent": "reader", "goal": "Read.", "on_error": "continue"},
        {"id": "after", "set": {"a": 1}},
    ]
    store = MemoryStore()
    with pytest.raises(SavantError) as caught:
        await run_steps(tmp_path, store, steps, TURNS, WorkflowBudget(), **config)
    assert caught.value.code is code
    assert "outer/after" not in {step.path for step in store.steps.values()}
    more = {name: value * 100 for name, value in config.items()}
    await run_steps(tmp_path, store, steps, TURNS, WorkflowBudget(), **more)
    assert "outer/after" in {step.path for step in store.steps.values()}


@pytest.mark.parametrize("budget", [WorkflowBudget(usd=0.5), WorkflowBudget(tokens=200)])
async def test_a_workflow_inside_another_has_its_own_budget_and_a_resume_counts_what_it_spent(
    tmp_path: Path, budget: WorkflowBudget
) -> None:
    steps = [
        {"id": "before", "agent": "reader", "goal": "Read."},
        {"id": "sub", "workflow": "inner"},
    ]
    store = MemoryStore()
    for _ in range(2):
        with pytest.raises(SavantError) as caught:
            await run_steps(tmp_path, store, steps, TURNS, budget)
        assert "Workflow `inner`" in caught.value.message
        asked = [step.path for step in store.steps.values() if step.type == "model"]
        assert asked == [
            "outer/before/agent/1/model",
            "outer/before/agent/2/model",
            "outer/sub/first/agent/1/model",
            "outer/sub/first/agent/2/model",
        ]
    assert await run_steps(tmp_path, MemoryStore(), steps, TURNS, WorkflowBudget(usd=5)) == {"outputs": {}}
