"""A finished run is read again from its journal alone: no model is looked for, and nothing new is ever done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal import Divergence
from savant.schemas.programs import ModelFacts
from tests.runtime.agents.running import MODEL, SMALL, Harness, action, call
from tests.runtime.agents.test_agent_length import DIGEST, LINES, READ, Reader, pages

OFFLINE = {"live": False}


class Nowhere:
    """No model can be had: no key, no network."""

    def get(self, model_id: str) -> Any:
        raise SavantError(ErrorCode.MODEL_NOT_CONFIGURED, f"There is no {model_id} here.")

    async def aclose(self) -> None: ...


async def same_offline(harness: Harness, **config: Any) -> None:
    result = await harness.run(**config)
    steps = len(harness.store.steps)
    harness.models = Nowhere()
    assert await harness.run(options=OFFLINE, **config) == result
    assert len(harness.store.steps) == steps


@pytest.mark.parametrize("native", [True, False], ids=["native", "json"])
async def test_a_run_is_replayed_without_its_models(tmp_path: Path, native: bool) -> None:
    say = call if native else action
    harness = Harness(
        tmp_path,
        ["unused", "Done." if native else action("final", text="Done.")],
        small=[say("fs.list"), say("escalate")],
        config={"tool_mode": "auto"},
    )
    harness.model.native_tools = harness.small.native_tools = native
    harness.facts = {id: ModelFacts(native_tools=native) for id in (MODEL, SMALL)}
    await same_offline(harness)
    # With the agent's own step missing, each step inside it is read again; what it did is not asked for once more.
    asked = len(harness.steps("model"))
    harness.store.steps = {number: step for number, step in harness.store.steps.items() if step.type != "agent"}
    assert (await harness.run())["text"] == "Done."
    assert len(harness.steps("model")) == asked


async def test_digests_summaries_and_budgets_are_replayed_too(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(LINES)
    digested = Harness(tmp_path, [READ, "Read.", DIGEST])
    digested.facts = {MODEL: ModelFacts()}
    await same_offline(digested, budget_usd=1.0)
    compacted = Harness(tmp_path, ["unused"], engines=[pages(250)])
    compacted.models.add(MODEL, Reader(12, window=4000, told=4000))
    compacted.facts = {MODEL: ModelFacts(context_window=4000)}
    await same_offline(compacted, budget_usd=1.0)


async def test_what_is_not_recorded_diverges_and_asks_nobody(tmp_path: Path) -> None:
    harness = Harness(tmp_path, [call("fs.list"), {"error": "model_timeout", "times": 1}, "Done."])
    harness.facts = {MODEL: ModelFacts()}
    with pytest.raises(SavantError):
        await harness.run()
    harness.store.steps = {n: step for n, step in harness.store.steps.items() if step.status == "completed"}
    harness.models = Nowhere()
    with pytest.raises(Divergence) as caught:
        await harness.run(options=OFFLINE, budget_usd=1.0)
    assert caught.value.details["path"] in ("tester", "tester/agent/2/model")


async def test_a_window_that_is_larger_now_does_not_change_a_recorded_run(tmp_path: Path) -> None:
    harness = Harness(tmp_path, ["unused"], engines=[pages(250)])
    harness.models.add(MODEL, Reader(12, window=4000, told=4000))
    harness.facts = {MODEL: ModelFacts(context_window=4000)}
    result = await harness.run()
    harness.store.steps = {n: step for n, step in harness.store.steps.items() if step.type != "agent"}
    harness.models.add(MODEL, Reader(12, window=400_000, told=400_000))
    assert await harness.run() == result
