"""What is recorded is not done again, what failed is tried again, and what changed stops the run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal import Divergence, Journal, Outcome, Parked
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.base import Message, ModelResponse
from savant.schemas.runs import Event


class Doing:
    """An effect that counts how often it happened; it fails while `errors` lasts."""

    def __init__(self, output: Any = "done", errors: list[Exception] | None = None) -> None:
        self.output = output
        self.errors = errors or []
        self.times = 0

    async def __call__(self) -> Any:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.output


def failure(message: str = "no such file", code: ErrorCode = ErrorCode.TOOL_FAILED) -> SavantError:
    return SavantError(code, message, hint="Try another.")


async def reopened(store: MemoryStore, journal: Journal | None = None, **options: Any) -> Journal:
    if journal is not None:
        await journal.aclose()
    return await Journal.open(store, **options)


async def test_a_completed_step_is_served_not_done_again() -> None:
    store, doing = MemoryStore(), Doing({"lines": 3})
    journal = Journal(store)
    assert await journal.step("read", "tool", {"path": "a"}, "read", doing, tool_name="fs.read") == {"lines": 3}
    events: list[Event] = []
    again = await reopened(store, journal, listener=events.append)
    assert await again.step("read", "tool", {"path": "a"}, "read", doing, tool_name="fs.read") == {"lines": 3}
    assert doing.times == 1
    assert [(event.type, event.seq) for event in events] == [("step.served", None)]
    await again.aclose()


@pytest.mark.parametrize(
    "output",
    [
        (1, 2),
        {"when": {"b", }},
        ModelResponse(text="hi", cost_usd=0.5),
        "x" * 9000,
        {"$blob": "x"},
        {"a": "y" * 9000, "b": [1.5, None, 2**70]},
        None,
    ],
    ids=["tuple", "set", "struct", "large", "reserved", "mixed", "none"],
)  # fmt: skip
async def test_an_output_is_the_same_live_and_served(output: Any) -> None:
    store = MemoryStore()
    journal = Journal(store)
    live = await journal.step("a", "tool", {}, "read", Doing(output))
    again = await reopened(store, journal)
    assert await again.step("a", "tool", {}, "read", Doing("other")) == live
    await again.aclose()


@pytest.mark.parametrize(
    ("type", "input", "tool"),
    [("tool", {"path": "b"}, "fs.read"), ("tool", {"path": "a"}, "fs.list"), ("model", {"path": "a"}, "fs.read")],
)
async def test_another_input_tool_or_type_at_a_recorded_path_diverges(type: Any, input: Any, tool: str) -> None:
    store, doing = MemoryStore(), Doing()
    journal = Journal(store)
    await journal.step("x", "tool", {"path": "a"}, "read", Doing(), tool_name="fs.read")
    again = await reopened(store, journal)
    with pytest.raises(Divergence) as caught:
        await again.step("x", type, input, "read", doing, tool_name=tool)
    assert caught.value.details == {"path": "x", "recorded": {"path": "a"}, "current": input}
    assert doing.times == 0
    await again.aclose()


async def test_a_divergence_inside_a_step_is_neither_retried_nor_handled() -> None:
    store = MemoryStore()
    journal = Journal(store)
    await journal.step("outer/inner", "tool", {"n": 1}, "read", Doing())

    async def outer() -> Any:
        return await journal.step("outer/inner", "tool", {"n": 2}, "read", Doing())

    with pytest.raises(Divergence):
        await journal.step("outer", "agent", {}, "read", outer, handled=True, retry=lambda error, attempt: 0.0)
    recorded = journal.recorded("outer")
    assert recorded is not None
    assert (recorded.attempt, recorded.handled, recorded.error_code) == (1, False, "divergence")
    await journal.aclose()


async def test_a_replay_never_calls_what_is_not_recorded() -> None:
    store, doing = MemoryStore(), Doing()
    journal = Journal(store)
    await journal.step("a", "tool", {}, "read", Doing("kept"))
    replay = await reopened(store, journal, live=False)
    assert await replay.step("a", "tool", {}, "read", doing) == "kept"
    with pytest.raises(Divergence, match="b is not in the record"):
        await replay.step("b", "tool", {}, "read", doing)
    assert doing.times == 0
    await replay.aclose()


async def test_retries_are_attempts_of_one_path_and_the_last_one_counts() -> None:
    store, doing, waits = MemoryStore(), Doing("ok", [failure("one"), failure("two")]), []

    def retry(error: SavantError, attempt: int) -> float | None:
        waits.append((error.message, attempt))
        return 0.0

    journal = Journal(store)
    assert await journal.step("a", "tool", {}, "read", doing, retry=retry) == "ok"
    assert waits == [("one", 1), ("two", 2)]
    assert [(s.attempt, s.status) for s in store.steps.values()] == [(1, "failed"), (2, "failed"), (3, "completed")]
    again = await reopened(store, journal)
    assert await again.step("a", "tool", {}, "read", doing) == "ok"
    assert doing.times == 3
    await again.aclose()


async def test_a_failure_is_tried_again_on_resume_as_a_new_attempt() -> None:
    store = MemoryStore()
    journal = Journal(store)
    with pytest.raises(SavantError, match="no such file"):
        await journal.step("a", "tool", {}, "read", Doing(errors=[failure()]))
    again = await reopened(store, journal)
    assert await again.step("a", "tool", {}, "read", Doing("now")) == "now"
    assert [(s.step_number, s.attempt, s.status) for s in store.steps.values()] == [
        (1, 1, "failed"),
        (2, 2, "completed"),
    ]
    await again.aclose()


async def test_a_handled_failure_is_served_with_the_same_words() -> None:
    store, doing = MemoryStore(), Doing()
    journal = Journal(store)
    with pytest.raises(SavantError) as live:
        await journal.step("a", "tool", {}, "read", Doing(errors=[failure()]), handled=True)
    again = await reopened(store, journal)
    with pytest.raises(SavantError) as served:
        await again.step("a", "tool", {}, "read", doing, handled=True)
    assert (served.value.code, str(served.value)) == (live.value.code, str(live.value))
    assert doing.times == 0
    await again.aclose()


async def test_an_error_code_of_a_newer_version_can_still_be_read() -> None:
    store = MemoryStore()
    journal = Journal(store)
    with pytest.raises(SavantError):
        await journal.step("a", "tool", {}, "read", Doing(errors=[failure()]), handled=True)
    await journal.aclose()
    store.steps[1].error_code = "invented_later"
    again = await reopened(store)
    with pytest.raises(SavantError, match="no such file") as caught:
        await again.step("a", "tool", {}, "read", Doing(), handled=True)
    assert caught.value.code is ErrorCode.UNEXPECTED
    await again.aclose()


async def test_a_fault_that_nobody_expected_is_recorded_and_goes_on_up() -> None:
    store = MemoryStore()
    journal = Journal(store)
    with pytest.raises(ZeroDivisionError):
        await journal.step("a", "tool", {}, "read", Doing(errors=[ZeroDivisionError("division")]), handled=True)
    assert (store.steps[1].status, store.steps[1].error_code) == ("failed", "unexpected")
    assert not store.steps[1].handled
    await journal.aclose()


async def test_an_output_that_is_not_json_fails_a_read_and_leaves_a_write_uncertain() -> None:
    store = MemoryStore()
    journal = Journal(store)
    for path, effect, times in (("read", "read", 3), ("write", "write", 1)):
        doing = Doing(object())
        with pytest.raises(SavantError, match="not JSON"):
            await journal.step(path, "tool", {}, effect, doing, retry=lambda error, n: 0.0 if n < 3 else None)
        assert doing.times == times
    await journal.flush()
    assert [step.status for step in store.steps.values()] == ["failed", "failed", "failed", "interrupted"]
    with pytest.raises(Parked):
        await journal.step("write", "tool", {}, "write", Doing())
    await journal.aclose()


async def test_what_a_call_cost_is_recorded_also_when_it_failed_and_adds_up_over_a_resume() -> None:
    store = MemoryStore()
    journal = Journal(store)
    paid = Outcome("hello", cost_usd=0.25, input_tokens=100, output_tokens=10)
    empty = Outcome(None, cost_usd=0.5, input_tokens=5, output_tokens=0, error=failure("empty", ErrorCode.BAD_OUTPUT))
    unknown = Outcome("free?", input_tokens=7, output_tokens=3)
    await journal.step("a", "model", {}, "read", Doing(paid))
    with pytest.raises(SavantError, match="empty"):
        await journal.step("b", "model", {}, "read", Doing(empty))
    await journal.step("c", "model", {}, "read", Doing(unknown))
    assert (store.steps[2].status, store.steps[2].cost_usd) == ("failed", 0.5)
    again = await reopened(store, journal)
    assert again.spent == journal.spent
    assert (again.spent.calls, again.spent.tokens, again.spent.cost_usd, again.spent.unpriced) == (3, 125, 0.75, 1)
    await again.aclose()


async def test_two_steps_at_one_path_at_one_time_are_refused() -> None:
    journal = Journal(MemoryStore())

    async def twice() -> Any:
        return await journal.step("a", "tool", {}, "read", Doing())

    with pytest.raises(SavantError, match="same time"):
        await journal.step("a", "tool", {}, "read", twice)
    await journal.aclose()


async def test_parked_leaves_the_step_open_and_a_resume_enters_it_again() -> None:
    store = MemoryStore()
    journal = Journal(store)

    async def parks() -> Any:
        raise Parked("approval", "agent/ask", {"question": "Post it?"})

    with pytest.raises(Parked):
        await journal.step("agent", "agent", {}, "read", parks)
    await journal.aclose()
    assert store.steps[1].status == "running"
    again = await reopened(store)
    assert await again.step("agent", "agent", {}, "read", Doing("ok")) == "ok"
    await again.aclose()
    assert [(s.attempt, s.status) for s in store.steps.values()] == [(1, "interrupted"), (2, "completed")]


async def test_a_cancelled_step_is_marked_interrupted() -> None:
    store = MemoryStore()
    journal = Journal(store)
    started = asyncio.Event()

    async def long() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(journal.step("a", "tool", {}, "write", long))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await journal.aclose()
    assert store.steps[1].status == "interrupted"
    assert [trace.event_type for trace in store.traces] == ["step.started", "step.interrupted"]


async def test_numbers_are_unique_and_seq_grows_across_a_resume() -> None:
    store = MemoryStore()
    for round in range(3):
        journal = await Journal.open(store)
        await asyncio.gather(
            *(journal.step(f"{round}/{n}", "tool", {"n": n}, "read", Doing(n)) for n in range(20)),
        )
        await journal.aclose()
    assert sorted(store.steps) == list(range(1, 61))
    assert {step.step_number for step in store.steps.values()} == set(range(1, 61))
    seqs = [trace.seq for trace in store.traces]
    assert seqs == sorted(set(seqs))
    assert len(seqs) == 120


async def test_messages_are_recorded_as_they_were_when_the_call_was_made() -> None:
    from savant.runtime.blobs import Conversation

    store = MemoryStore()
    journal = Journal(store)
    talk = Conversation([Message(role="user", content="one")])
    await journal.step("1", "model", {"messages": talk}, "read", Doing())
    talk.append(Message(role="user", content="two"))
    await journal.step("2", "model", {"messages": talk}, "read", Doing())
    assert len((await journal.value(store.steps[1].input))["messages"]) == 1
    with pytest.raises(Divergence) as caught:
        await journal.step("1", "model", {"messages": talk}, "read", Doing())
    assert len(caught.value.details["recorded"]["messages"]) == 1
    assert len(caught.value.details["current"]["messages"]) == 2
    await journal.aclose()
