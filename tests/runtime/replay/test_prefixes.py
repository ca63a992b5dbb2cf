"""Forks of random runs: at every step, and with nothing changed, they end as the run did."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.runtime.journal_store import MemoryStore
from savant.runtime.replay.differences import difference
from savant.runtime.replay.prefix import before, kept
from savant.runtime.replay.replaying import replay
from savant.schemas.records import Record
from tests.runtime.replay.recording import workflow_record
from tests.runtime.workflows.programs import CHILD, workflows
from tests.runtime.workflows.running import Runner, World

RANDOM: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


def forked(text: str, record: Record, at: int, world: World) -> Runner:
    """A run that begins with what the record has before `at`."""
    store = MemoryStore()
    store.steps = {step.step_number: step for step in kept(record.steps, at)}
    store.blobs = dict(record.blobs)
    return Runner(text, store=store, world=world, child=CHILD)


def ending(record: Record) -> Any:
    return record.status, record.result, record.error_code, record.error_message


@settings(max_examples=60, **RANDOM)
@given(workflows, st.integers(0, 1000))
async def test_a_fork_at_any_step_ends_in_the_same_result(text: str, point: int) -> None:
    runner = Runner(text, child=CHILD)
    record = await workflow_record(runner)
    at = point % (len(record.steps) + 1) + 1
    again = await workflow_record(forked(text, record, at, runner.world))
    if record.status == "completed":  # of branches that fail together, either may be first
        assert ending(again) == ending(record)
    assert again.status == record.status
    prefix = {step.step_number: step for step in kept(record.steps, at)}
    assert prefix.items() <= {step.step_number: step for step in again.steps}.items()
    assert (await replay(again)).equal


@settings(max_examples=60, **RANDOM)
@given(workflows, st.integers(0, 1000))
async def test_what_came_before_any_step_replays_up_to_it(text: str, point: int) -> None:
    record = await workflow_record(Runner(text, child=CHILD))
    at = point % (len(record.steps) + 1) + 1
    assert (await replay(before(record, at))).equal


EVERY = """
steps:
  - {id: a, tool: t.add, with: {value: 1}}
  - id: p
    parallel:
      - {id: each, foreach: [1, 2], steps: [{id: s, tool: t.add, with: {value: "${{ item + steps.a.output }}"}}]}
      - {id: c, condition: "${{ steps.a.output == 1 }}", then: [{id: t, tool: t.add, with: {value: 5}}]}
      - {id: w, workflow: child, with: {n: 2}}
  - {id: bad, tool: t.boom, on_error: [{id: mended, tool: t.add, with: {value: 9}}]}
  - {id: z, tool: t.add, with: {value: "${{ steps.t.output + steps.each.output | sum }}"}}
outputs: {z: "${{ steps.z.output }}", w: "${{ steps.w.output }}"}
"""


async def test_a_fork_at_every_step_does_again_only_what_comes_after() -> None:
    runner = Runner(EVERY, child=CHILD)
    record = await workflow_record(runner)
    leaves = [step for step in record.steps if step.tool_name]
    for at in range(1, len(record.steps) + 2):
        world = World()
        again = await workflow_record(forked(EVERY, record, at, world))
        assert ending(again) == ending(record), at
        kept_paths = {step.path for step in kept(record.steps, at)}
        assert len(world.calls) == len([step for step in leaves if step.path not in kept_paths]), at
        assert (await difference(record, again)).equal, at
