"""What a call costs, offline; and that an unknown price is none, not nothing."""

from __future__ import annotations

from datetime import date

import pytest

from savant import clock
from savant.runtime.llm import prices
from savant.runtime.llm.base import Usage
from savant.runtime.llm.registry import ModelRegistry
from tests.runtime.llm.conftest import Stage, ask
from tests.stubs.models import Reply


def test_a_known_model_has_a_price_and_the_cache_is_cheaper_to_read() -> None:
    full = prices.cost("openai", "gpt-4o", Usage(input_tokens=1_000_000))
    cached = prices.cost("openai", "gpt-4o", Usage(input_tokens=1_000_000, cached_tokens=1_000_000))
    assert full == pytest.approx(2.5)
    assert cached == pytest.approx(1.25)


def test_writing_to_the_cache_costs_more_than_reading() -> None:
    plain = prices.cost("anthropic", "claude-sonnet-4-5", Usage(input_tokens=100_000))
    written = prices.cost("anthropic", "claude-sonnet-4-5", Usage(input_tokens=100_000, cache_write_tokens=100_000))
    assert plain is not None
    assert written == pytest.approx(plain * 1.25)


@pytest.mark.parametrize(("provider", "model"), [("openai", "no-such-model"), ("nobody", "gpt-4o"), (None, "gpt-4o")])
def test_an_unknown_price_is_none(provider: str | None, model: str) -> None:
    assert prices.cost(provider, model, Usage(input_tokens=1000)) is None


def test_a_window_the_table_knows() -> None:
    assert prices.context_window("anthropic", "claude-sonnet-4-5") == 200_000


def test_the_table_says_how_old_it_is() -> None:
    day = prices.table_date()
    assert day is not None
    assert date(2026, 1, 1) < day <= clock.now().date()


async def test_a_call_carries_its_cost(wire: str, stage: Stage) -> None:
    usage = {"input": 1_000_000, "output": 0}
    known = {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-5"}[wire]
    scene = await stage(Reply(text="Hi.", usage=usage), price_as=wire)
    assert (await scene.model.complete(ask())).cost_usd is None
    response = await scene.registry.get(f"stub/{known}").complete(ask())
    assert response.cost_usd == scene.registry.cost(f"stub/{known}", response.usage)
    assert response.cost_usd is not None
    assert response.cost_usd > 1


def test_ones_own_machine_is_free() -> None:
    assert ModelRegistry().cost("ollama/llama3.2", Usage(input_tokens=1000)) == 0.0
