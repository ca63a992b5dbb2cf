"""Random workflows that ask, fail, are cut off and cancelled: each goes on to the end it would have come to anyway."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.errors import SavantError
from savant.runtime.journal import Answer, Parked
from savant.runtime.journal_store import MemoryStore
from savant.schemas.runs import RunConfig
from tests.runtime.workflows.programs import CHILD, asking_workflows
from tests.runtime.workflows.running import Cut, CuttingStore, Runner

MOST_ATTEMPTS = 60
PARK = RunConfig(on_approval="park")


def answer(path: str) -> Answer:
    """What the person always says to the question at a path."""
    return Answer("deny" if zlib.crc32(path.encode()) % 3 == 0 else "approve", f"because of {len(path)}")


async def never_interrupted(text: str, answers: dict[str, Answer]) -> Any:
    """The end of a run to which every answer is given beforehand."""
    return await ended(Runner(text, config=PARK, child=CHILD), decisions=answers)


async def ended(runner: Runner, **journal: Any) -> Any:
    """The outputs, or that it failed: which of several branches failed first is nobody's promise."""
    try:
        return await runner.run(**journal)
    except SavantError:
        return "failed"


async def carried_on(runner: Runner, cancel_at: int | None = None) -> tuple[Any, dict[str, Answer]]:
    """The end of a run that is answered when it asks and resumed when it was cut off; all that was answered."""
    given: dict[str, Answer] = {}
    answers: dict[str, Answer] = {}
    for _ in range(MOST_ATTEMPTS):
        task = asyncio.ensure_future(ended(runner, decisions=answers))
        runner.world.at_call = lambda number, task=task, at=cancel_at: task.cancel() if number == at else None
        answers = {}
        try:
            return await task, given
        except Parked as parked:
            assert parked.kind == "approval"
            answers = {parked.path: answer(parked.path)}
            given |= answers
        except asyncio.CancelledError:
            cancel_at = None
            assert runner.world.running == 0, "nothing is left running"
        except Cut:
            assert isinstance(runner.store, CuttingStore)
            runner.store.keep = None
    raise AssertionError("It never ended.")


def assert_consistent(store: MemoryStore) -> None:
    """Numbers without gaps or repeats, attempts in order, nothing done after it was completed, nothing left open."""
    steps = sorted(store.steps.values(), key=lambda step: step.step_number)
    assert len({step.step_number for step in steps}) == len(steps)
    attempts: dict[str, list[Any]] = {}
    for step in steps:
        attempts.setdefault(step.path, []).append(step)
    for path, tried in attempts.items():
        assert [step.attempt for step in tried] == list(range(1, len(tried) + 1)), path
        assert [step.status for step in tried[:-1]].count("completed") == 0, path
        assert len({step.input_hash for step in tried}) == 1, path
    sequence = sorted(trace.seq for trace in store.traces)
    assert sequence == list(range(1, len(sequence) + 1))


SETTINGS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@SETTINGS
@given(asking_workflows)
async def test_a_run_that_parks_at_every_question_ends_as_one_that_never_did(text: str) -> None:
    runner = Runner(text, config=PARK, child=CHILD)
    outcome, answers = await carried_on(runner)
    assert outcome == await never_interrupted(text, answers)
    assert_consistent(runner.store)


@SETTINGS
@given(asking_workflows, st.integers(0, 1000), st.integers(1, 30))
async def test_cut_off_cancelled_and_asked_it_ends_the_same(text: str, point: int, cancel_at: int) -> None:
    whole = Runner(text, config=PARK, store=CuttingStore(), child=CHILD)
    expected, _ = await carried_on(whole)
    writes = whole.store.writes  # type: ignore[attr-defined]
    runner = Runner(text, config=PARK, store=CuttingStore(point % max(writes, 1)), on_uncertain="retry", child=CHILD)
    outcome, _ = await carried_on(runner, cancel_at)
    assert outcome == expected
    assert_consistent(runner.store)
    before = len(runner.store.steps)
    if outcome != "failed":
        assert await ended(runner) == expected, "a finished run is served whole"
        assert len(runner.store.steps) == before
