"""Conditions, parallel branches, loops and sub-workflows: what runs, in which order, and what can be read after."""

from __future__ import annotations

import pytest

from savant.errors import ErrorCode
from tests.runtime.workflows.running import Runner, failure, outputs

BRANCHES = [(True, 1, "completed", "skipped"), (False, 2, "skipped", "completed")]


@pytest.mark.parametrize(("go", "count", "few", "many"), BRANCHES)
async def test_a_condition_takes_one_branch(go: bool, count: int, few: str, many: str) -> None:
    text = """
inputs: {go: {type: boolean}}
steps:
  - id: choose
    condition: ${{ inputs.go }}
    then: [{id: few, set: {count: 1}}]
    else: [{id: many, set: {count: 2}}]
outputs:
  count: ${{ vars.count }}
  chosen: ${{ steps.choose.output }}
  few: ${{ steps.few.status }}
  many: ${{ steps.many.status }}
"""
    assert await outputs(text, {"go": go}) == {"count": count, "chosen": {"count": count}, "few": few, "many": many}


async def test_a_condition_without_the_branch_does_nothing() -> None:
    text = "steps: [{id: c, condition: '${{ false }}', then: [{fail: no}]}]\noutputs: {c: '${{ steps.c }}'}"
    assert await outputs(text) == {"c": {"output": None, "status": "completed", "error": None}}


async def test_text_as_a_condition_is_an_error_not_true() -> None:
    error = await failure(Runner("steps: [{condition: 'false', then: [{fail: no}]}]"))
    assert error.code is ErrorCode.EXPRESSION
    assert "always be true" in error.message


async def test_if_skips_a_step_and_what_is_inside() -> None:
    text = """
steps:
  - {id: a, tool: t.boom, if: "${{ 1 > 2 }}"}
  - id: p
    if: false
    parallel: [{id: q, tool: t.boom}]
outputs: {a: "${{ steps.a }}", q: "${{ steps.q.status }}"}
"""
    runner = Runner(text)
    assert await runner.run() == {"a": {"output": None, "status": "skipped", "error": None}, "q": "skipped"}
    assert runner.world.calls == []


async def test_parallel_steps_run_at_once_and_their_outputs_keep_their_names() -> None:
    text = """
steps:
  - id: both
    parallel:
      - {id: slow, tool: t.sleep, with: {seconds: 0.02, value: 1}}
      - {id: fast, tool: t.echo, with: {value: 2}}
      - {id: third, tool: t.echo, with: {value: 3}}
outputs: {both: "${{ steps.both.output }}", slow: "${{ steps.slow.output }}"}
"""
    runner = Runner(text)
    result = await runner.run()
    assert result == {"both": {"slow": 1, "fast": 2, "third": 3}, "slow": 1}
    assert runner.world.most_running == 3


async def test_what_a_parallel_branch_sets_is_its_own() -> None:
    text = """
steps:
  - {set: {a: 0}}
  - parallel:
      - {id: one, set: {a: 1}}
      - {id: two, condition: "${{ true }}", then: [{id: saw, tool: t.echo, with: {value: "${{ vars.a }}"}}]}
outputs: {a: "${{ vars.a }}", saw: "${{ steps.saw.output }}", one: "${{ steps.one.output.a }}"}
"""
    assert await outputs(text) == {"a": 0, "saw": 0, "one": 1}


async def test_max_parallel_bounds_what_runs_at_once() -> None:
    text = """
inputs: {many: {type: array}}
steps:
  - id: each
    foreach: ${{ inputs.many }}
    as: n
    max_parallel: 3
    steps: [{tool: t.sleep, with: {seconds: 0.002, value: "${{ n * 10 + loop.index }}"}}]
outputs: {each: "${{ steps.each.output }}"}
"""
    runner = Runner(text)
    assert await runner.run({"many": list(range(10))}) == {"each": [n * 11 for n in range(10)]}
    assert runner.world.most_running == 3


async def test_foreach_runs_one_after_the_other_unless_told_and_keeps_its_variables_to_itself() -> None:
    text = """
steps:
  - {set: {total: 0}}
  - id: each
    foreach: [a, b]
    steps:
      - {id: one, tool: t.echo, with: {value: "${{ item }}${{ loop.first }}${{ loop.last }}${{ loop.length }}"}}
      - {set: {total: "${{ vars.total + 1 }}"}}
      - {tool: t.echo, with: {value: "${{ steps.one.output ~ vars.total }}"}}
outputs: {each: "${{ steps.each.output }}", total: "${{ vars.total }}"}
"""
    runner = Runner(text)
    assert await runner.run() == {"each": ["atruefalse21", "bfalsetrue21"], "total": 0}
    assert runner.world.most_running == 1


async def test_foreach_over_nothing_gives_nothing() -> None:
    text = "steps: [{id: e, foreach: [], steps: [{tool: t.boom}]}]\noutputs: {e: '${{ steps.e.output }}'}"
    assert await outputs(text) == {"e": []}


async def test_foreach_over_what_is_no_list_is_an_error() -> None:
    error = await failure(
        Runner("inputs: {x: {}}\nsteps: [{foreach: '${{ inputs.x }}', steps: [{fail: x}]}]"), {"x": "a"}
    )
    assert error.code is ErrorCode.EXPRESSION
    assert "needs a list, not text" in error.message


async def test_a_nested_workflow_has_its_own_inputs_and_gives_its_outputs() -> None:
    child = """
inputs: {n: {type: integer}}
steps: [{id: x, tool: t.echo, with: {value: "${{ inputs.n + 1 }}"}}]
outputs: {m: "${{ steps.x.output }}"}
"""
    text = "steps:\n  - {id: sub, workflow: child, with: {n: 4}}\noutputs: {m: '${{ steps.sub.output.m }}'}"
    assert await outputs(text, child=child) == {"m": 5}
    bad = Runner(text.replace("n: 4", "n: four"), child=child)
    assert (await failure(bad)).code is ErrorCode.VALIDATION
    assert (await failure(Runner("steps: [{workflow: chld}]", child=child))).hint == "Did you mean `child`?"


async def test_a_workflow_cannot_run_itself() -> None:
    error = await failure(Runner("steps: [{workflow: child}]", child="steps: [{workflow: w}]"))
    assert error.code is ErrorCode.INVALID_DEFINITION
    assert "w -> child -> w" in error.message
