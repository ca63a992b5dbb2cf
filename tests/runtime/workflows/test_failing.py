"""Steps that fail: handled, recovered, tried again, out of time, or ending the run as what they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from savant import clock
from savant.errors import ErrorCode
from savant.runtime.workflows.interpreter import MAX_BACKOFF
from tests.runtime.workflows.running import Runner, failure, outputs


async def test_fail_ends_the_run_with_its_message() -> None:
    runner = Runner("inputs: {n: {}}\nsteps: [{id: stop, fail: 'Too many: ${{ inputs.n }}'}, {tool: t.echo}]")
    error = await failure(runner, {"n": 21})
    assert (error.code, error.message) == (ErrorCode.FAILED_BY_STEP, "Too many: 21")
    assert error.details["step"] == "w/stop"
    assert runner.world.calls == []
    assert runner.statuses() == {"w/stop": "failed"}


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


async def test_waits_before_a_retry_double_up_to_a_cap_and_no_two_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    factors, waits = list[float](), list[float]()

    async def noted(seconds: float) -> None:
        if seconds:
            waits.append(seconds)

    def factor(jitter: Callable[[], float] = clock.jitter) -> float:
        factors.append(jitter())
        return factors[-1]

    monkeypatch.setattr(clock, "jitter", factor)
    monkeypatch.setattr("savant.runtime.journal.asyncio.sleep", noted)
    runner = Runner("steps: [{tool: t.boom, retry: {max_attempts: 10, backoff: 2}}]")
    await failure(runner)
    assert waits == [pytest.approx(min(2 * 2**n, MAX_BACKOFF) * factor) for n, factor in enumerate(factors)]
    assert len(set(factors)) == len(factors) == 9
    assert all(0.5 <= factor < 1 for factor in factors)


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


async def test_a_cancelled_run_leaves_nothing_running() -> None:
    runner = Runner("steps: [{parallel: [{tool: t.sleep, with: {seconds: 60}}, {tool: t.sleep, with: {seconds: 60}}]}]")
    task = asyncio.create_task(runner.run())
    while runner.world.running < 2:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runner.world.running == 0
