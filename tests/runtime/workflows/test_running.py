"""What a workflow does: its kinds of step, and what may be said of every step."""

from __future__ import annotations

import asyncio

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal import Answer, Divergence, Parked
from savant.schemas.runs import RunConfig
from tests.runtime.workflows.running import Runner


async def outputs(text: str, inputs: dict | None = None, **others: str) -> dict:
    return await Runner(text, **others).run(inputs)


async def failure(runner: Runner, inputs: dict | None = None) -> SavantError:
    with pytest.raises(SavantError) as caught:
        await runner.run(inputs)
    return caught.value


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


async def test_fail_ends_the_run_with_its_message() -> None:
    runner = Runner("inputs: {n: {}}\nsteps: [{id: stop, fail: 'Too many: ${{ inputs.n }}'}, {tool: t.echo}]")
    error = await failure(runner, {"n": 21})
    assert (error.code, error.message) == (ErrorCode.FAILED_BY_STEP, "Too many: 21")
    assert error.details["step"] == "w/stop"
    assert runner.world.calls == []
    assert runner.statuses() == {"w/stop": "failed"}


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


async def test_on_error_continue_goes_on_and_says_what_happened() -> None:
    text = """
steps:
  - {id: a, tool: t.boom, on_error: continue}
  - {id: b, tool: t.echo, with: {value: "${{ steps.nothing }}"}, on_error: continue}
outputs: {a: "${{ steps.a }}", b: "${{ steps.b.error.code }}"}
"""
    assert await outputs(text) == {
        "a": {"output": None, "status": "failed", "error": {"code": "tool_failed", "message": "boom Mend it."}},
        "b": "expression_error",
    }


async def test_on_error_steps_recover() -> None:
    text = """
steps:
  - id: a
    tool: t.boom
    on_error:
      - {id: r, tool: t.echo, with: {value: "was ${{ steps.a.error.code }}"}}
  - {id: fine, tool: t.echo, on_error: [{id: unused, tool: t.boom}]}
outputs: {a: "${{ steps.a.output }}", status: "${{ steps.a.status }}", unused: "${{ steps.unused.status }}"}
"""
    assert await outputs(text) == {"a": "was tool_failed", "status": "recovered", "unused": "skipped"}


async def test_a_failing_recovery_fails_the_run_with_its_own_error() -> None:
    error = await failure(Runner("steps: [{tool: t.boom, on_error: [{fail: worse}]}]"))
    assert error.message == "worse"


async def test_what_is_inside_a_failed_container_reads_as_cancelled() -> None:
    text = """
steps:
  - id: both
    on_error: continue
    parallel: [{id: x, tool: t.echo}, {id: y, tool: t.boom}]
outputs: {x: "${{ steps.x }}", both: "${{ steps.both.error.message }}"}
"""
    assert await outputs(text) == {"x": {"output": None, "status": "cancelled", "error": None}, "both": "boom Mend it."}


async def test_the_first_failure_cancels_its_siblings_and_is_raised_as_itself() -> None:
    text = """
steps:
  - parallel:
      - {id: long, tool: t.sleep, with: {seconds: 60}}
      - {id: bad, tool: t.boom}
"""
    runner = Runner(text)
    error = await failure(runner)
    assert (error.code, error.message) == (ErrorCode.TOOL_FAILED, "boom")
    assert runner.world.cancelled == [{"seconds": 60}]
    assert runner.world.running == 0
    assert runner.statuses() == {
        "w/parallel-1": "failed",
        "w/parallel-1.long": "interrupted",
        "w/parallel-1.bad": "failed",
    }


async def test_a_branch_that_handles_its_failure_leaves_its_siblings_alone() -> None:
    text = """
steps:
  - id: both
    parallel:
      - {id: bad, tool: t.boom, on_error: continue}
      - {id: good, tool: t.sleep, with: {seconds: 0.01, value: 1}}
outputs: {both: "${{ steps.both.output }}"}
"""
    assert await outputs(text) == {"both": {"bad": None, "good": 1}}


async def test_a_fault_of_a_tool_is_never_handled() -> None:
    runner = Runner("steps: [{parallel: [{id: a, tool: t.bug, on_error: continue}], on_error: continue}]")
    with pytest.raises(RuntimeError, match="a bug in a tool"):
        await runner.run()
    assert runner.statuses()["w/parallel-1.a"] == "failed"


async def test_retry_tries_again_and_no_more_often_than_told() -> None:
    text = """
steps:
  - id: a
    tool: t.flaky
    with: {key: x, times: 2, value: done}
    retry: {max_attempts: 3, backoff: 0}
outputs: {a: "${{ steps.a.output }}"}
"""
    runner = Runner(text)
    assert await runner.run() == {"a": "done"}
    assert [step.attempt for step in runner.store.steps.values()] == [1, 2, 3]
    runner = Runner(text.replace("max_attempts: 3", "max_attempts: 2"))
    assert (await failure(runner)).message == "x failed 2 times"


@pytest.mark.parametrize(
    ("step", "calls"),
    [
        ("{tool: t.boom, retry: {backoff: 0, on: [tool_failed]}}", 3),
        ("{tool: t.boom, retry: {backoff: 0, on: [timeout]}}", 1),
        ("{tool: t.boom, retry: {backoff: 0}}", 3),
        ("{parallel: [{tool: t.echo}, {tool: t.boom}], retry: {backoff: 0, max_attempts: 2}}", 3),
        ("{condition: '${{ true }}', then: [{tool: t.boom}, {fail: x}], retry: {backoff: 0}}", 3),
    ],
)
async def test_what_is_retried(step: str, calls: int) -> None:
    runner = Runner(f"steps: [{step}]")
    await failure(runner)
    assert len(runner.world.calls) == calls


async def test_a_failure_that_will_not_pass_is_not_retried() -> None:
    runner = Runner("steps: [{id: a, fail: no, retry: {max_attempts: 5, backoff: 0}}]")
    assert (await failure(runner)).message == "no"
    assert len(runner.store.steps) == 1


@pytest.mark.parametrize(
    "step",
    [
        "{id: a, tool: t.sleep, with: {seconds: 60}, timeout: 20ms}",
        "{id: a, timeout: 20ms, parallel: [{tool: t.sleep, with: {seconds: 60}}]}",
        "{id: a, timeout: 20ms, workflow: child}",
        "{id: a, workflow: child, with: {}}",
    ],
)
async def test_a_timeout_ends_a_step_and_what_is_inside(step: str) -> None:
    child = "budget: {timeout: 0.03}\nsteps: [{tool: t.sleep, with: {seconds: 60}}]"
    runner = Runner(f"steps: [{step}]", child=child)
    error = await failure(runner)
    assert error.code is ErrorCode.TIMEOUT
    assert runner.world.running == 0
    assert runner.statuses()["w/a"] == "failed"


async def test_a_timeout_can_be_handled() -> None:
    text = """
steps: [{id: a, tool: t.sleep, with: {seconds: 60}, timeout: 0.02, on_error: continue}]
outputs: {a: "${{ steps.a.error.code }}"}
"""
    assert await outputs(text) == {"a": "timeout"}


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


APPROVAL = """
steps:
  - id: both
    parallel:
      - {id: ok, approval: "Post?"}
      - {id: beside, tool: t.sleep, with: {seconds: 0.01, value: 1}}
  - {tool: t.add}
outputs: {ok: "${{ steps.ok.output }}", beside: "${{ steps.beside.output }}"}
"""


async def test_an_approval_parks_after_its_siblings_are_done_and_goes_on_when_answered() -> None:
    runner = Runner(APPROVAL, config=RunConfig(on_approval="park"))
    with pytest.raises(Parked) as caught:
        await runner.run()
    assert (caught.value.kind, caught.value.path, caught.value.details) == (
        "approval",
        "w/both.ok",
        {"message": "Post?"},
    )
    assert runner.statuses() == {"w/both": "running", "w/both.ok": "running", "w/both.beside": "completed"}
    answers = {"w/both.ok": Answer("approve", "Looks good.")}
    assert await runner.run(decisions=answers) == {"ok": {"approved": True, "reason": "Looks good."}, "beside": 1}
    assert runner.world.names() == ["t.sleep", "t.add"]


async def test_a_denied_approval_fails_unless_handled() -> None:
    runner = Runner(APPROVAL, config=RunConfig(on_approval="deny"))
    error = await failure(runner)
    assert error.code is ErrorCode.POLICY_DENIED
    assert "t.add" not in runner.world.names()
    assert runner.statuses()["w/both.ok"] == "failed"


async def test_the_reason_of_a_denial_can_be_read_where_it_is_handled() -> None:
    text = """
steps: [{id: ok, approval: Go?, on_error: continue}]
outputs: {why: "${{ steps.ok.error.message }}", code: "${{ steps.ok.error.code }}"}
"""
    runner = Runner(text, config=RunConfig(on_approval="park"))
    with pytest.raises(Parked):
        await runner.run()
    said = await runner.run(decisions={"w/ok": Answer("deny", "Friday.")})
    assert said == {"why": "Not approved (Friday.): Go?", "code": "policy_denied"}


async def test_an_approval_that_nobody_can_give_is_not_handled_away() -> None:
    text = """
steps:
  - id: c
    condition: true
    on_error: continue
    then: [{id: ok, approval: Go?, on_error: continue}]
"""
    runner = Runner(text)
    assert (await failure(runner)).code is ErrorCode.APPROVAL_NEEDED
    # The refusal is not part of the record: once someone is there, the same run goes on.
    runner.config = RunConfig(on_approval="park")
    with pytest.raises(Parked):
        await runner.run()
    assert await runner.run(decisions={"w/c.then/ok": "approve"}) == {}


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


async def test_a_cancelled_run_leaves_nothing_running() -> None:
    runner = Runner("steps: [{parallel: [{tool: t.sleep, with: {seconds: 60}}, {tool: t.sleep, with: {seconds: 60}}]}]")
    task = asyncio.create_task(runner.run())
    while runner.world.running < 2:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runner.world.running == 0
