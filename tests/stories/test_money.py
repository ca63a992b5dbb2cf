"""Several processes on one budget: together they never spend more, and what a killed one had begun is counted once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from savant.runtime.llm import prices
from savant.runtime.llm.base import Usage
from tests.stories.installation import Installation, finished, kill
from tests.stubs.models import ModelStub, Reply

CONFIG = """
model = "stub/gpt-5-mini"
[providers.stub]
wire = "openai"
base_url = "{url}"
default_model = "gpt-5-mini"
price_as = "openai"
"""
WORKER = "name: Worker\nconfig: {max_output_tokens: 1000}\n"
INNER = """
name: Inner
inputs: {who: {type: string}}
steps:
  - {id: ask, agent: worker, goal: "Answer ${{ inputs.who }}."}
"""
OUTER = """
name: Outer
steps:
  - id: all
    parallel:
      - {id: one, workflow: inner, with: {who: one}}
      - {id: two, workflow: inner, with: {who: two}}
      - {id: three, agent: worker, goal: Answer three.}
"""
USED = {"input": 5, "output": 1000}  # within a thousandth of the worst case
COST = prices.cost("openai", "gpt-5-mini", Usage(input_tokens=5, output_tokens=1000)) or 0.0
BUDGET = 5.5 * COST


@pytest.fixture
async def stub() -> AsyncIterator[ModelStub]:
    hang = Reply(fault="hang")
    async with ModelStub([hang, Reply(text="An answer.", usage=USED, delay=0.3)]) as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path, database_url: str, stub: ModelStub) -> Iterator[Installation]:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG.format(url=stub.url))
    opened = Installation(folder, database_url)
    yield opened
    opened.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / ".savant"
    for name, text in (("agents/worker", WORKER), ("workflows/inner", INNER), ("workflows/outer", OUTER)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(text)
    return folder.parent


async def savant(home: Installation, project: Path, *arguments: str) -> tuple[int, Any]:
    return await asyncio.to_thread(home.savant, project, *arguments)


async def budgets(home: Installation, project: Path) -> dict[str, Any]:
    _, found = await savant(home, project, "budget", "list")
    return {each["slug"] or each["scope"]: each for each in found["items"]}


async def test_processes_at_once_stay_within_one_budget_together(
    home: Installation, project: Path, stub: ModelStub
) -> None:
    stub.replies = stub.replies[1:]
    for whose in ([], ["--agent", "worker"], ["--workflow", "inner"]):
        usd = BUDGET if "worker" in whose else 1.0
        assert (await savant(home, project, "budget", "set", f"{usd:.6f}", "--per", "day", *whose))[0] == 0
    runs = [home.start(project, "run", "outer") for _ in range(3)]
    ends = await asyncio.gather(*(asyncio.to_thread(finished, run) for run in runs))
    assert {code for code, _ in ends} <= {0, 7}
    assert 7 in {code for code, _ in ends}
    assert 4 <= len(stub.requests) <= 5
    found = await budgets(home, project)
    paid = pytest.approx(COST * len(stub.requests), rel=0.01)  # one that was cancelled counts as the worst case
    assert (found["worker"]["spent_usd"], found["workspace"]["spent_usd"]) == (paid, paid)
    assert 0 < found["inner"]["spent_usd"] <= found["worker"]["spent_usd"]
    assert {each["reserved_usd"] for each in found.values()} == {0.0}


async def test_what_a_killed_process_had_begun_is_counted_once(
    home: Installation, project: Path, stub: ModelStub
) -> None:
    await savant(home, project, "budget", "set", "1", "--per", "day", "--agent", "worker")
    run = home.start(project, "run", "worker", "Answer.")
    while not stub.requests:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(kill, run)
    held = (await budgets(home, project))["worker"]
    assert held["reserved_usd"] >= COST
    assert held["spent_usd"] == 0.0
    code, resumed = await savant(home, project, "runs", "resume", "1")
    assert (code, resumed["status"]) == (0, "completed")
    found = (await budgets(home, project))["worker"]
    assert found["reserved_usd"] == 0.0
    assert found["spent_usd"] == pytest.approx(held["reserved_usd"] + COST)
    assert found["spent_usd"] > 2 * COST
