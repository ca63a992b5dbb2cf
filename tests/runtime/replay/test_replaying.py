"""Recorded runs, run again with nothing but their record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.runtime.definitions.load import load
from savant.runtime.replay.replaying import replay
from savant.schemas.programs import Program
from tests.runtime.replay.recording import workflow_record
from tests.runtime.workflows.programs import CHILD, workflows
from tests.runtime.workflows.running import CuttingStore, Runner
from tests.runtime.workflows.test_resuming import EVERYTHING


def other(program: Program, workflow: str) -> Program:
    """The program with another text for its workflow."""
    definition: Any = load("name: W\n" + workflow, "w.yaml", "workflow")
    bundle = type(program.bundle)(workflows={**program.bundle.workflows, "w": definition})
    return Program(type="workflow", slug="w", bundle=bundle, savant_version="0")


async def test_a_workflow_of_every_kind_of_step_replays_equal() -> None:
    runner = Runner(EVERYTHING, child=CHILD)
    record = await workflow_record(runner)
    called = len(runner.world.calls)
    again = await replay(record)
    assert again.divergence is None
    assert again.record.result == record.result
    assert {step.path for step in again.record.steps} == set(runner.paths())
    assert len(runner.world.calls) == called


async def test_a_failed_run_replays_to_the_same_failure() -> None:
    record = await workflow_record(Runner("steps: [{id: a, tool: t.echo}, {id: b, tool: t.boom}]"))
    again = await replay(record)
    assert again.equal
    assert (again.record.status, again.record.error_code) == ("failed", "tool_failed")


async def test_a_fault_of_a_tool_is_not_handled_by_on_error_in_a_replay_either() -> None:
    record = await workflow_record(Runner("steps: [{id: a, tool: t.bug, on_error: continue}, {id: b, tool: t.echo}]"))
    assert record.error_code == "unexpected"
    assert (await replay(record)).equal


CHANGES = [
    ("value: 1", "value: 2", "w/a", "input"),
    ("tool: t.add", "tool: t.echo", "w/a", "input"),
    ('"${{ steps.a.output + 1 }}"', '"${{ steps.a.output + 2 }}"', "w/b", "input"),
    ("then: [{id: c", "then: [{id: new, tool: t.echo}, {id: c", "w/d.then/new", "missing"),
    (", {id: e, tool: t.echo}", "", "w/e", "left_out"),
    ("{id: e, tool: t.echo}", "{id: e, tool: t.echo}, {id: f, tool: t.echo}", "w/f", "missing"),
    ("${{ steps.e.output }}", "other", "", "result"),
]


@pytest.mark.parametrize(("old", "new", "path", "what"), CHANGES)
async def test_a_changed_definition_parts_at_its_first_changed_step(old: str, new: str, path: str, what: str) -> None:
    text = """
steps: [{id: a, tool: t.add, with: {value: 1}}, {id: b, tool: t.add, with: {value: "${{ steps.a.output + 1 }}"}},
  {id: d, condition: "${{ true }}", then: [{id: c, tool: t.echo, with: {value: 3}}]}, {id: e, tool: t.echo}]
outputs: {e: "${{ steps.e.output }}"}
"""
    record = await workflow_record(Runner(text))
    assert old in text
    again = await replay(record, other(record.program, text.replace(old, new)))
    assert again.divergence is not None
    assert again.divergence.exit_code == 6
    assert (again.divergence.details["path"], again.divergence.details["what"]) == (path, what)


async def test_a_failure_that_was_mended_is_a_divergence() -> None:
    text = 'steps: [{id: a, tool: t.echo, with: {value: "${{ 1 / 0 }}"}}]'
    record = await workflow_record(Runner(text))
    assert record.error_code == "expression_error"
    assert (await replay(record)).equal
    again = await replay(record, other(record.program, text.replace("1 / 0", "1 / 1")))
    assert again.divergence and again.divergence.details["what"] == "missing"


async def test_a_run_that_was_cut_off_replays_to_where_it_was() -> None:
    whole = Runner(EVERYTHING, store=CuttingStore(), child=CHILD)
    await whole.run()
    for keep in range(whole.store.writes):  # type: ignore[attr-defined]
        record = await workflow_record(Runner(EVERYTHING, store=CuttingStore(keep), child=CHILD))
        again = await replay(record)
        assert again.equal, (keep, again.divergence)


async def test_a_waiting_run_replays_to_its_question() -> None:
    runner = Runner("steps: [{id: a, tool: t.echo}, {id: b, approval: Sure?}]")
    runner.config.on_approval = "park"
    record = await workflow_record(runner)
    assert record.status == "waiting"
    assert (await replay(record)).equal


async def test_a_time_out_replays_at_once() -> None:
    branches = "[{id: a, tool: t.sleep, with: {seconds: 30}}, {id: b, tool: t.echo}]"
    text = f"steps: [{{id: p, timeout: 0.05, parallel: {branches}}}]"
    record = await workflow_record(Runner(text))
    assert record.error_code == "timeout"
    assert (await replay(record)).equal


async def test_branches_that_a_failure_cut_off_are_no_divergence() -> None:
    text = """
steps:
  - id: p
    parallel:
      - {id: a, foreach: [1, 2, 3], steps: [{id: s, tool: t.sleep, with: {seconds: 0.02, value: "${{ item }}"}}]}
      - {id: b, condition: true, then: [{id: s1, tool: t.sleep, with: {seconds: 0.03}}, {id: boom, tool: t.boom}]}
    on_error: continue
  - {id: after, tool: t.echo}
"""
    record = await workflow_record(Runner(text))
    assert record.status == "completed"
    assert {step.status for step in record.steps} >= {"interrupted", "failed", "completed"}
    assert (await replay(record)).equal


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(workflows)
async def test_any_run_replays_equal(text: str) -> None:
    again = await replay(await workflow_record(Runner(text, child=CHILD)))
    assert again.equal, again.divergence


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(workflows, st.integers(0, 1000))
async def test_any_run_cut_anywhere_replays_equal(text: str, point: int) -> None:
    whole = CuttingStore()
    await workflow_record(Runner(text, store=whole, child=CHILD))
    store = CuttingStore(point % max(whole.writes, 1))
    again = await replay(await workflow_record(Runner(text, store=store, child=CHILD)))
    assert again.equal, again.divergence
