"""Money: set aside before each call and settled after it, and never overspent, however many ask at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from savant.errors import ErrorCode, ExitCode, SavantError
from savant.runtime.agents import run_agent
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.limits import Limits
from savant.runtime.llm.base import Usage
from savant.schemas.spendings import Payers
from tests.runtime.agents.running import MODEL, Harness
from tests.runtime.limits.pricing import INPUT, OUTPUT, Priced

BETWEEN = st.integers(1, 3000)


def priced(root: Path, model: Any, **config: Any) -> Harness:
    harness = Harness(root, ["unused"], config=config)
    harness.models.add(MODEL, model)
    return harness


async def failed(harness: Harness, **options: Any) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await harness.run(**options)
    return caught.value


async def together(harness: Harness, agents: int, limits: Limits, purse: Any = None) -> tuple[list[Any], Journal]:
    """That many agents at once, in one run; their results or errors."""
    journal = await Journal.open(harness.store)
    execution = Execution(
        program=harness.program,
        journal=journal,
        models=harness.models,
        toolbox=harness.toolbox,
        limits=limits,
        purse=purse,
    )
    branches = [run_agent(execution, "tester", f"Look {n}.", path=f"each[{n}]") for n in range(agents)]
    async with asyncio.timeout(20):
        results = await asyncio.gather(*branches, return_exceptions=True)
    await journal.aclose()
    return results, journal


@settings(max_examples=40, deadline=None)
@given(
    agents=st.integers(1, 6),
    budget=st.floats(0.0005, 0.2),
    lengths=st.lists(BETWEEN, min_size=1, max_size=8),
    most=st.one_of(st.none(), BETWEEN),
)
def test_parallel_agents_never_overspend_and_always_end(
    agents: int, budget: float, lengths: list[int], most: int | None
) -> None:
    async def run() -> None:
        model = Priced(length=lambda n: lengths[n % len(lengths)], most=most)
        harness = priced(Path(), model)
        results, journal = await together(harness, agents, Limits(budget_usd=budget))
        assert model.paid <= budget + 1e-9
        assert journal.spent.cost_usd == pytest.approx(model.paid)
        ends = {getattr(result, "code", "answered") for result in results}
        assert ends <= {"answered", ErrorCode.BUDGET, ErrorCode.BAD_OUTPUT}
        if ErrorCode.BUDGET not in ends:
            assert len(model.requests) >= agents

    asyncio.run(run())


async def test_branches_wait_for_each_other_where_the_money_does_not_do_for_all_at_once(tmp_path: Path) -> None:
    worst = 2000 * OUTPUT  # what each call may cost, ten times what it does
    model = Priced(turns=3)
    results, _ = await together(priced(tmp_path, model), 4, Limits(budget_usd=2.5 * worst))
    assert [result["text"] for result in results] == ["Done."] * 4
    assert model.most_under_way == 2
    rich = Priced(turns=3)
    await together(priced(tmp_path, rich), 4, Limits(budget_usd=25 * worst))
    assert rich.most_under_way == 4


@pytest.mark.parametrize("where", ["agent", "run"])
async def test_a_call_that_may_cost_too_much_is_not_made_and_more_money_lets_the_run_go_on(
    tmp_path: Path, where: str
) -> None:
    model = Priced(turns=3, length=lambda n: 2000)
    harness = priced(tmp_path, model, **({"budget_usd": 0.045} if where == "agent" else {}))
    error = await failed(harness, **({"budget_usd": 0.045} if where == "run" else {}))
    assert (error.code, error.exit_code) == (ErrorCode.BUDGET, ExitCode.LIMIT)
    assert "budget_usd" in str(error)
    assert len(model.requests) == 2
    assert model.paid <= 0.045
    assert (await harness.run(budget_usd=1.0))["text"] == "Done."
    assert len(model.requests) == 4, "nothing is paid for twice"


async def test_an_answer_may_be_as_long_as_the_money_that_is_left_allows(tmp_path: Path) -> None:
    model = Priced(turns=0, length=lambda n: 500, most=None)
    assert (await priced(tmp_path, model).run(budget_usd=0.03))["text"] == "Done."
    allowed = model.requests[0].max_output_tokens
    assert allowed is not None
    assert 2900 < allowed < 3000
    free = Priced(turns=0, most=None)
    await priced(tmp_path, free).run()
    assert free.requests[0].max_output_tokens is None, "without a budget nothing is set that nobody asked for"


async def test_an_answer_cut_short_by_the_budget_is_the_budgets_failure(tmp_path: Path) -> None:
    model = Priced(turns=0, length=lambda n: 5000, most=8000)
    harness = priced(tmp_path, model)
    error = await failed(harness, budget_usd=0.03)
    assert error.code is ErrorCode.BUDGET
    assert "could not finish" in error.message
    assert harness.steps("model")[0].cost_usd == pytest.approx(model.paid)
    assert (await harness.run(budget_usd=1.0))["text"] == "Done."


async def test_the_agents_own_length_of_answers_bounds_what_a_call_may_cost(tmp_path: Path) -> None:
    model = Priced(turns=0, length=lambda n: 100, most=None)
    assert (await failed(priced(tmp_path, model, max_output_tokens=1000), budget_usd=0.005)).code is ErrorCode.BUDGET
    assert (await priced(tmp_path, model, max_output_tokens=200).run(budget_usd=0.005))["text"] == "Done."


async def test_what_a_call_cost_that_nobody_waited_for_is_taken_for_spent(tmp_path: Path) -> None:
    class Slow(Priced):
        async def complete(self, request: Any, on_delta: Any = None) -> Any:
            if len(self.requests) == 0:
                self.requests.append(request)
                await asyncio.sleep(60)
            return await super().complete(request, on_delta)

    model = Slow(turns=0)
    journal = Journal(priced(tmp_path, model).store)
    harness = priced(tmp_path, model)
    limits = Limits(budget_usd=0.03)  # one call at its worst, and a half
    execution = Execution(
        program=harness.program, journal=journal, models=harness.models, toolbox=harness.toolbox, limits=limits
    )
    first = asyncio.create_task(run_agent(execution, "tester", "Look.", path="first"))
    while not model.requests:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    with pytest.raises(SavantError) as caught:
        await run_agent(execution, "tester", "Look.", path="second")
    await journal.aclose()
    assert caught.value.code is ErrorCode.BUDGET
    assert len(model.requests) == 1


class Unpriced(Priced):
    """A model whose price nobody knows."""

    def cost(self, usage: Usage) -> float | None:
        return None


async def test_an_unknown_price_is_refused_under_a_budget_unless_it_is_allowed(tmp_path: Path) -> None:
    model = Unpriced(turns=0)
    error = await failed(priced(tmp_path, model), budget_usd=1.0)
    assert error.code is ErrorCode.BUDGET
    assert "allow_unpriced" in str(error)
    assert model.requests == []
    assert (await priced(tmp_path, model).run(budget_usd=1.0, allow_unpriced=True))["text"] == "Done."


class Wallet:
    """A purse in memory, as a workspace's is in the database."""

    def __init__(self, usd: float) -> None:
        self.usd = usd
        self.reserved: list[tuple[str, float]] = []
        self.settled: list[float | None] = []

    def covers(self, payers: Payers) -> bool:
        return True

    async def reserve(self, most: float, least: float, path: str, payers: Payers) -> Taken:
        await asyncio.sleep(0)
        given = min(most, self.usd)
        if given < least:
            raise SavantError(ErrorCode.BUDGET, "The workspace has spent its budget of this month.")
        self.usd -= given
        self.reserved.append((path, given))
        return Taken(self, given)


class Taken:
    def __init__(self, wallet: Wallet, usd: float) -> None:
        self.wallet, self.usd = wallet, usd

    async def settle(self, cost_usd: float | None) -> None:
        self.wallet.settled.append(cost_usd)
        self.wallet.usd += self.usd - (self.usd if cost_usd is None else cost_usd)


async def test_a_purse_that_runs_share_is_asked_for_every_call_and_told_what_it_cost(tmp_path: Path) -> None:
    model, wallet = Priced(turns=2), Wallet(1.0)
    results, journal = await together(priced(tmp_path, model), 3, Limits(), wallet)
    assert [result["text"] for result in results] == ["Done."] * 3
    assert sorted(path for path, _ in wallet.reserved) == sorted(
        f"each[{n}]/agent/{step}/model" for n in range(3) for step in (1, 2, 3)
    )
    assert wallet.usd == pytest.approx(1.0 - model.paid)
    assert journal.spent.cost_usd == pytest.approx(model.paid)


async def test_an_empty_purse_ends_the_run_and_what_was_set_aside_in_it_is_free_again(tmp_path: Path) -> None:
    model, wallet = Priced(turns=5, length=lambda n: 2000), Wallet(0.05)
    results, _ = await together(priced(tmp_path, model), 1, Limits(budget_usd=10), wallet)
    assert results[0].code is ErrorCode.BUDGET
    assert "workspace" in results[0].message
    assert model.paid <= 0.05
    assert wallet.usd == pytest.approx(0.05 - model.paid)


async def test_a_purse_is_told_of_a_call_that_failed(tmp_path: Path) -> None:
    class Broken(Priced):
        code = ""

        async def complete(self, request: Any, on_delta: Any = None) -> Any:
            raise SavantError(ErrorCode[self.code], "It does not work.")

    for code, settled in (("MODEL_UNAVAILABLE", 0.0), ("MODEL_TIMEOUT", None)):
        model, wallet = Broken(), Wallet(1.0)
        model.code = code
        results, _ = await together(priced(tmp_path, model), 1, Limits(), wallet)
        assert results[0].code is ErrorCode[code]
        assert wallet.settled == [settled]


def test_a_price_is_that_of_the_worst_case() -> None:
    from savant.runtime.limits import quote

    class Caching(Priced):
        def cost(self, usage: Usage) -> float | None:
            return (super().cost(usage) or 0.0) + usage.cache_write_tokens * INPUT

    worst = quote(Caching(), 1000, 100)
    assert worst is not None
    assert worst.most == pytest.approx(1000 * INPUT * 2 + 100 * OUTPUT)
    assert (worst.affords(1.0), worst.affords(worst.input + 50.5 * OUTPUT)) == (100, 50)
