"""Limits are checked before a call, over the whole run and over each agent, and a resume remembers what was spent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, ExitCode, SavantError
from savant.runtime.agents import run_agent
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.limits import Limits
from savant.runtime.llm.base import Usage
from tests.runtime.agents.running import MODEL, Harness, Listening, call

LOOKS = [call("fs.list", depth=depth) for depth in range(1, 10)]
USED = {"usage": {"input_tokens": 90, "output_tokens": 10}, "cost_usd": 0.25}


def paid(turns: list[Any]) -> list[Any]:
    return [{**(turn if isinstance(turn, dict) else {"text": turn}), **USED} for turn in turns]


async def failed(harness: Harness, **options: Any) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await harness.run(**options)
    return caught.value


@pytest.mark.parametrize("where", ["agent", "run"])
@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"max_steps": 3}, ErrorCode.MAX_STEPS),
        ({"token_budget": 300}, ErrorCode.TOKEN_BUDGET),
        ({"budget_usd": 0.75}, ErrorCode.BUDGET),
    ],
)
async def test_a_limit_ends_the_run_after_three_calls_and_resuming_with_more_finishes_it(
    tmp_path: Path, where: str, limit: dict[str, Any], code: ErrorCode
) -> None:
    turns = paid([*LOOKS[:4], "Seen."])
    harness = Harness(tmp_path, turns, config=limit if where == "agent" else {})
    error = await failed(harness, **(limit if where == "run" else {}))
    assert (error.code, error.exit_code) == (code, ExitCode.LIMIT)
    assert next(iter(limit)) in str(error)
    assert len(harness.model.requests) == 3
    more = {name: value * 2 for name, value in limit.items()}
    assert (await harness.run(**more))["text"] == "Seen."
    assert len(harness.model.requests) == 5


async def test_the_call_that_reaches_a_limit_may_still_be_the_answer(tmp_path: Path) -> None:
    harness = Harness(tmp_path, paid([LOOKS[0], "Seen."]))
    assert (await harness.run(max_steps=2, token_budget=200, budget_usd=0.5))["text"] == "Seen."


async def test_a_resume_counts_what_was_spent_before(tmp_path: Path) -> None:
    once = {"error": "model_timeout", "times": 1, "when": "entries"}
    harness = Harness(tmp_path, [once, *paid([*LOOKS[:4], "Seen."])])
    assert (await failed(harness, token_budget=300)).code is ErrorCode.MODEL_TIMEOUT
    assert (await failed(harness, token_budget=300)).code is ErrorCode.TOKEN_BUDGET
    assert sum(step.status == "completed" for step in harness.steps("model")) == 3


async def test_a_finished_run_is_served_whatever_its_limits_are_now(tmp_path: Path) -> None:
    harness = Harness(tmp_path, paid([*LOOKS[:2], "Seen."]))
    await harness.run()
    harness.store.steps.pop(1)  # as if killed just before the end of the whole agent was recorded
    harness.store.steps = {number: step for number, step in harness.store.steps.items() if step.type != "agent"}
    assert (await harness.run(max_steps=1, token_budget=1, budget_usd=0.01))["text"] == "Seen."
    assert len(harness.model.requests) == 3


async def test_an_empty_answer_was_paid_for_too(tmp_path: Path) -> None:
    harness = Harness(tmp_path, [*paid([LOOKS[0], ""])])
    assert (await failed(harness, token_budget=200)).code is ErrorCode.BAD_OUTPUT
    assert (await failed(harness, token_budget=200)).code is ErrorCode.TOKEN_BUDGET


async def test_parallel_agents_share_the_limits_of_the_run(tmp_path: Path) -> None:
    harness = Harness(tmp_path, paid([*LOOKS[:6], "Seen."]))
    journal = Journal(harness.store)
    execution = Execution(
        program=harness.program,
        journal=journal,
        models=harness.models,
        toolbox=harness.toolbox,
        limits=Limits(token_budget=600),
    )
    branches = (run_agent(execution, "tester", "Look.", path=f"each[{n}]") for n in range(3))
    results = await asyncio.gather(*branches, return_exceptions=True)
    await journal.aclose()
    assert [getattr(result, "code", None) for result in results] == [ErrorCode.TOKEN_BUDGET] * 3
    assert journal.spent.tokens == 100 * len(harness.model.requests) < 900


class Unpriced(Listening):
    """A model nobody knows the price of."""

    def cost(self, usage: Usage) -> float | None:
        return None


async def test_an_unknown_price_is_refused_under_a_money_budget_before_the_first_call(tmp_path: Path) -> None:
    harness = Harness(tmp_path, ["Hello."])
    model = Unpriced(["Hello."], MODEL)
    harness.models.add(MODEL, model)
    error = await failed(harness, budget_usd=1.0)
    assert error.code is ErrorCode.BUDGET
    assert "price" in str(error)
    assert model.requests == []
    assert (await harness.run(token_budget=1000))["text"] == "Hello."


@pytest.mark.parametrize("where", ["agent", "run"])
async def test_a_time_out_ends_the_run_and_what_was_under_way_is_interrupted(tmp_path: Path, where: str) -> None:
    slow = {"text": "Late.", "delay": 30.0}
    harness = Harness(tmp_path, [LOOKS[0], slow], config={"timeout": 0.2} if where == "agent" else {})
    error = await failed(harness, **({"timeout": 0.2} if where == "run" else {}))
    assert (error.code, error.exit_code) == (ErrorCode.TIMEOUT, ExitCode.STOPPED)
    assert [step.status for step in harness.steps("model")] == ["completed", "interrupted"]


async def test_the_time_out_of_the_run_replaces_its_agents(tmp_path: Path) -> None:
    harness = Harness(tmp_path, [{"text": "Late.", "delay": 0.05}], config={"timeout": 0.001})
    assert (await harness.run(timeout=60))["text"] == "Late."
