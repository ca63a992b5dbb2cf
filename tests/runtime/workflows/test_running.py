"""What is true of every step of a workflow: its types, its path, its inputs, its errors, and that a change diverges."""

from __future__ import annotations

import pytest

from savant.errors import ErrorCode
from savant.runtime.journal import Divergence, Parked
from savant.schemas.runs import RunConfig
from tests.runtime.workflows.running import Runner, failure, outputs


async def test_a_step_reads_inputs_and_steps_before_it_with_their_types() -> None:
    text = """
inputs: {n: {type: integer, default: 2}}
steps:
  - {id: one, tool: t.echo, with: {value: {list: [1, 2.5, null], n: "${{ inputs.n }}"}}}
  - {id: two, tool: t.echo, with: {value: "n is ${{ steps.one.output.n }}: ${{ steps.one.output.list }}"}}
outputs: {one: "${{ steps.one.output }}", two: "${{ steps.two }}", run: "${{ run.id }}"}
"""
    assert await outputs(text) == {
        "one": {"list": [1, 2.5, None], "n": 2},
        "two": {"output": "n is 2: [1, 2.5, null]", "status": "completed", "error": None},
        "run": 7,
    }


async def test_paths_are_those_of_the_design() -> None:
    text = """
steps:
  - {id: diff, tool: t.echo}
  - id: big
    condition: ${{ true }}
    then: [{id: note, set: {a: 1}}]
  - id: look
    parallel:
      - {id: security, tool: t.echo}
      - {id: each, foreach: [x, y], steps: [{id: blame, tool: t.echo, with: {value: "${{ item }}"}}]}
  - {tool: t.boom, on_error: [{tool: t.echo}]}
  - {id: inner, workflow: child}
"""
    runner = Runner(text, child="steps: [{id: deep, tool: t.echo}]")
    await runner.run()
    assert runner.paths() == [
        "w/diff", "w/big", "w/big.then/note", "w/look", "w/look.security", "w/look.each", "w/look.each[0]/blame",
        "w/look.each[1]/blame", "w/tool-4", "w/tool-4.on_error/tool-1", "w/inner", "w/inner/deep",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"nmae": 1, "name": "x"}, "no input `nmae`"),
        ({}, "`name` is missing"),
        ({"name": 1}, "`name` must be text"),
    ],
)
async def test_inputs_are_checked_before_anything_happens(inputs: dict, message: str) -> None:
    runner = Runner("inputs: {name: {type: string}}\nsteps: [{tool: t.add}]")
    error = await failure(runner, inputs)
    assert error.code is ErrorCode.VALIDATION
    assert message in error.message
    assert runner.world.calls == []


async def test_an_expression_error_names_its_place_in_the_definition() -> None:
    error = await failure(Runner("steps: [{tool: t.echo, with: {value: {deep: ['${{ steps.x }}']}}}]"))
    assert error.code is ErrorCode.EXPRESSION
    assert error.message.startswith("`steps[0].with.value.deep[0]`: `steps` has no `x`.")
    assert error.details["workflow"] == "w"


async def test_a_changed_workflow_diverges_and_is_never_handled() -> None:
    text = """
inputs: {n: {}}
steps:
  - id: c
    condition: true
    on_error: continue
    then: [{id: a, tool: t.echo, with: {value: "${{ inputs.n }}"}, on_error: continue}]
  - {id: z, approval: Go?}
"""
    runner = Runner(text, config=RunConfig(on_approval="park"))
    with pytest.raises(Parked):
        await runner.run({"n": 1})
    with pytest.raises(Divergence):
        await runner.run({"n": 2})
    with pytest.raises(Parked):
        await runner.run({"n": 1})
