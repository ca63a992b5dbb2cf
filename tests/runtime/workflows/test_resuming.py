"""A run that is cut off anywhere goes on to the same end, and does nothing twice that it had finished."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.errors import SavantError
from savant.runtime.journal import Parked
from savant.runtime.journal_store import MemoryStore
from tests.runtime.workflows.programs import CHILD, workflows
from tests.runtime.workflows.running import Cut, CuttingStore, Runner, World

EVERYTHING = """
inputs: {names: {type: array, default: [a, b, c]}}
steps:
  - {id: start, tool: t.echo, with: {value: [1, 2, 3]}}
  - {set: {total: "${{ steps.start.output | sum }}"}}
  - id: choose
    condition: ${{ vars.total > 5 }}
    then:
      - {id: saved, tool: t.add, with: {value: "${{ vars.total }}"}}
      - {set: {seen: "${{ steps.saved.output + 1 }}"}}
  - id: look
    parallel:
      - {id: one, tool: t.add, with: {value: "${{ vars.seen }}"}}
      - id: each
        foreach: ${{ inputs.names }}
        max_parallel: 2
        steps:
          - {id: first, tool: t.add, with: {value: "${{ item }}"}}
          - id: second
            tool: t.flaky
            with: {key: "${{ item }}", times: 1, value: "${{ steps.first.output ~ loop.index }}"}
            retry: {backoff: 0, max_attempts: 2}
      - {id: sub, workflow: child, with: {n: 3}}
  - {id: bad, tool: t.boom, on_error: [{id: mended, tool: t.add, with: {value: "${{ steps.bad.error.message }}"}}]}
  - {id: skipped, tool: t.boom, if: "${{ steps.one.output == 0 }}"}
outputs: {steps: "${{ steps }}", vars: "${{ vars }}"}
"""


async def outcome(runner: Runner) -> object:
    try:
        return await runner.run()
    except SavantError as error:
        return error.code


async def resumed(runner: Runner, store: CuttingStore) -> object:
    """The outcome after a cut: a new journal on what was kept, and a store that works again."""
    with pytest.raises(Cut):
        await runner.run()
    store.keep = None
    return await outcome(runner)


def assert_nothing_done_twice(store: MemoryStore) -> None:
    completed = Counter(step.path for step in store.steps.values() if step.status == "completed")
    assert [path for path, times in completed.items() if times > 1] == []


async def test_cut_at_every_write_it_ends_the_same() -> None:
    whole = Runner(EVERYTHING, store=CuttingStore(), child=CHILD)
    expected = await outcome(whole)
    assert isinstance(expected, dict)
    assert expected["steps"]["mended"]["output"] == "boom Mend it."
    writes = whole.store.writes  # type: ignore[attr-defined]
    assert writes > 15
    for keep in range(writes):
        store = CuttingStore(keep)
        runner = Runner(EVERYTHING, store=store, on_uncertain="retry", child=CHILD)
        assert await resumed(runner, store) == expected, keep
        assert_nothing_done_twice(store)


async def test_resuming_a_finished_run_does_nothing() -> None:
    runner = Runner(EVERYTHING, child=CHILD)
    first = await runner.run()
    calls = len(runner.world.calls)
    rows = len(runner.store.steps)
    assert await runner.run() == first
    assert len(runner.world.calls) == calls
    assert len(runner.store.steps) == rows


async def test_a_finished_run_is_read_again_without_tools() -> None:
    runner = Runner(EVERYTHING, child=CHILD)
    first = await runner.run()
    runner.world = World()
    assert await runner.run(live=False) == first
    assert runner.world.calls == []


async def test_a_write_that_was_cut_off_waits_for_a_person() -> None:
    text = "steps: [{id: a, tool: t.add, with: {value: 1}}, {id: b, tool: t.echo, with: {value: 2}}]"
    store = CuttingStore(1)
    runner = Runner(text, store=store)
    with pytest.raises(Cut):
        await runner.run()
    store.keep = None
    with pytest.raises(Parked) as caught:
        await runner.run()
    assert (caught.value.kind, caught.value.path) == ("uncertain_step", "w/a")
    assert runner.world.names() == ["t.add"]
    await runner.run(decisions={"w/a": "done"})
    assert runner.world.names() == ["t.add", "t.echo"]


async def test_a_failed_run_is_resumed_at_the_step_that_failed() -> None:
    text = """
steps:
  - {id: a, tool: t.add, with: {value: 1}}
  - id: c
    condition: ${{ true }}
    then: [{id: b, tool: t.add, with: {value: 2}}, {id: f, tool: t.flaky, with: {key: k, times: 1, value: 3}}]
outputs: {f: "${{ steps.f.output }}"}
"""
    runner = Runner(text)
    with pytest.raises(SavantError):
        await runner.run()
    assert await runner.run() == {"f": 3}
    assert runner.world.names() == ["t.add", "t.add", "t.flaky", "t.flaky"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(workflows, st.integers(0, 1000))
async def test_any_workflow_cut_anywhere_ends_the_same(text: str, point: int) -> None:
    whole = Runner(text, store=CuttingStore(), child=CHILD)
    expected = await outcome(whole)
    assert_nothing_done_twice(whole.store)
    writes = whole.store.writes  # type: ignore[attr-defined]
    store = CuttingStore(point % max(writes, 1))
    runner = Runner(text, store=store, on_uncertain="retry", child=CHILD)
    assert (await resumed(runner, store) if writes else await outcome(runner)) == expected
    assert_nothing_done_twice(store)
