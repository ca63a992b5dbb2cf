"""What is on disk when: intents before writes, outcomes before anyone goes on, and nothing after a failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from savant.errors import SavantError
from savant.runtime.journal import Decision, Journal, Parked
from savant.runtime.journal_store import MemoryStore
from tests.runtime.journal.stores import CountingStore, FailingStore, KeepingStore, SlowStore


async def nothing() -> str:
    return "ok"


def interrupted_store(effect: Any) -> MemoryStore:
    """A store as a process leaves it that was killed while a step was running."""

    async def killed() -> MemoryStore:
        store = KeepingStore()
        journal = Journal(store)

        async def die() -> None:
            await journal.flush()
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError):
            await journal.step("post", "tool", {"body": "x"}, effect, die, tool_name="jira.comment")
        await journal.aclose()
        return store.killed_after(1)

    return asyncio.run(killed())


async def test_the_intent_of_a_write_is_on_disk_before_it_is_done() -> None:
    store = SlowStore()
    journal = Journal(store)
    seen: list[str] = []

    async def write() -> None:
        seen.extend(step.status for step in store.steps.values())

    await journal.step("w", "tool", {}, "write", write)
    assert seen == ["running"]
    assert store.steps[1].status == "completed"
    await journal.aclose()


async def test_the_outcome_of_a_read_is_on_disk_before_the_next_step() -> None:
    store = SlowStore()
    journal = Journal(store)
    await journal.step("a", "tool", {}, "read", nothing)
    assert store.steps[1].status == "completed"
    await journal.aclose()


async def test_a_store_that_is_slow_to_read_never_sees_an_outcome_without_its_blobs() -> None:
    class Checking(SlowStore):
        async def write(self, steps: Any, traces: Any, blobs: Any, charges: Any = ()) -> None:
            await asyncio.sleep(0.01)
            held = {**self.blobs, **blobs}
            for step in steps:
                if step.output is not None:
                    assert all(key in held for key in _references(step.output))
            await super().write(steps, traces, blobs, charges)

    journal = Journal(Checking())

    async def large() -> str:
        await asyncio.sleep(0.005)  # ends while the write that other steps asked for is under way
        return "x" * 5000

    await asyncio.gather(
        journal.step("a", "tool", {}, "write", nothing), journal.step("b", "tool", {}, "read", large), journal.flush()
    )
    await journal.aclose()


def _references(output: bytes) -> list[str]:
    import msgspec

    stored = msgspec.json.decode(output)
    return [stored["$blob"]] if isinstance(stored, dict) and "$blob" in stored else []


@pytest.mark.parametrize("effect", ["read", "write"])
async def test_a_hundred_parallel_steps_share_few_transactions(effect: Any) -> None:
    store = CountingStore()
    journal = Journal(store)
    await asyncio.gather(*(journal.step(f"each[{n}]", "tool", {"n": n}, effect, nothing) for n in range(100)))
    assert all(step.status == "completed" for step in store.steps.values())
    assert len(store.steps) == 100
    assert store.writes <= 6
    await journal.aclose()


async def test_a_trace_reaches_the_store_without_anyone_waiting() -> None:
    store = MemoryStore()
    journal = Journal(store)
    journal.trace("run.note", {"text": "hello"})
    async with asyncio.timeout(10):
        while not store.traces:
            await asyncio.sleep(0.02)
    await journal.aclose()


@pytest.mark.parametrize("good", [0, 1, 2])
async def test_a_store_that_fails_fails_every_later_commit(good: int) -> None:
    store = FailingStore(good)
    journal = Journal(store)
    done: list[int] = []

    async def branch(n: int) -> None:
        async def write() -> None:
            done.append(n)

        for turn in range(4):
            await journal.step(f"{n}/{turn}", "tool", {}, "write", write)

    async with asyncio.timeout(10):
        results = await asyncio.gather(*(branch(n) for n in range(10)), return_exceptions=True)
    assert all(isinstance(result, OSError) for result in results)
    store.mended = True
    written = store.writes
    for path in ("later", "later still"):
        with pytest.raises(OSError, match="disk is full"):
            await journal.step(path, "tool", {}, "read", nothing)
    with pytest.raises(OSError, match="disk is full"):
        await journal.flush()
    with pytest.raises(OSError, match="disk is full"):
        await journal.aclose()
    await asyncio.sleep(0.2)
    assert store.writes == written, "nothing may be written over the gap"


async def test_nothing_is_done_when_its_intent_could_not_be_written() -> None:
    journal = Journal(FailingStore(0))
    done: list[str] = []

    async def write() -> None:
        done.append("posted")

    with pytest.raises(OSError, match="disk is full"):
        await journal.step("post", "tool", {}, "write", write)
    assert not done


async def test_a_failing_store_is_not_a_handled_failure_of_whatever_stands_around() -> None:
    journal = Journal(FailingStore(0))

    async def agent() -> Any:
        return await journal.step("agent/tool", "tool", {}, "write", nothing, handled=True)

    with pytest.raises(OSError, match="disk is full"):
        await journal.step("agent", "agent", {}, "read", agent)


async def test_a_flush_during_a_write_that_fails_says_so() -> None:
    journal = Journal(FailingStore(0))
    journal.trace("note", {})
    first = asyncio.create_task(journal.flush())
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="disk is full"):
        await journal.flush()
    with pytest.raises(OSError, match="disk is full"):
        await first


@pytest.mark.parametrize("effect", ["read", "idempotent"])
async def test_a_read_that_was_cut_off_is_repeated(effect: Any) -> None:
    store = await asyncio.to_thread(interrupted_store, effect)
    journal = await Journal.open(store)
    assert await journal.step("post", "tool", {"body": "x"}, effect, nothing, tool_name="jira.comment") == "ok"
    await journal.aclose()
    assert [(s.attempt, s.status) for s in store.steps.values()] == [(1, "interrupted"), (2, "completed")]


@pytest.mark.parametrize("now", ["write", "read"])
async def test_a_write_that_was_cut_off_is_parked_also_if_the_tool_now_claims_to_read(now: Any) -> None:
    journal = await Journal.open(await asyncio.to_thread(interrupted_store, "write"))
    done: list[str] = []

    async def post() -> None:
        done.append("posted")

    with pytest.raises(Parked) as caught:
        await journal.step("post", "tool", {"body": "x"}, now, post, tool_name="jira.comment")
    assert (caught.value.kind, caught.value.path) == ("uncertain_step", "post")
    assert not done
    await journal.aclose()


@pytest.mark.parametrize(
    ("options", "times", "statuses"),
    [
        ({"decisions": {"post": "retry"}}, 1, ["interrupted", "completed"]),
        ({"on_uncertain": "retry"}, 1, ["interrupted", "completed"]),
        ({"decisions": {"post": "done"}}, 0, ["completed"]),
    ],
)
async def test_a_decision_settles_an_uncertain_write(options: Any, times: int, statuses: list[str]) -> None:
    store = await asyncio.to_thread(interrupted_store, "write")
    done: list[str] = []

    async def post() -> None:
        done.append("posted")

    for _ in range(2):  # what was settled stays settled
        journal = await Journal.open(store, **options)
        assert await journal.step("post", "tool", {"body": "x"}, "write", post, tool_name="jira.comment") is None
        await journal.aclose()
    assert len(done) == times
    assert [step.status for step in store.steps.values()] == statuses


async def test_fail_ends_the_run_and_leaves_the_question_open() -> None:
    store = await asyncio.to_thread(interrupted_store, "write")
    for options in ({"on_uncertain": "fail"}, {"decisions": {"post": "fail"}}):
        journal = await Journal.open(store, **options)
        with pytest.raises(SavantError, match="may have happened"):
            await journal.step("post", "tool", {"body": "x"}, "write", nothing, tool_name="jira.comment")
        await journal.aclose()
    assert store.steps[1].status == "running"


async def test_a_decision_answers_one_question_only() -> None:
    decided: dict[str, Decision] = {"post": "retry"}
    journal = await Journal.open(await asyncio.to_thread(interrupted_store, "write"), decisions=decided)

    async def cut_off() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await journal.step("post", "tool", {"body": "x"}, "write", cut_off, tool_name="jira.comment")
    with pytest.raises(Parked):
        await journal.step("post", "tool", {"body": "x"}, "write", nothing, tool_name="jira.comment")
    await journal.aclose()


async def test_a_write_cancelled_before_it_began_is_not_uncertain() -> None:
    store = SlowStore()
    journal = Journal(store)
    done: list[str] = []

    async def post() -> None:
        done.append("posted")

    task = asyncio.create_task(journal.step("post", "tool", {}, "write", post))
    await asyncio.sleep(0.001)  # the intent is on its way to the disk
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await journal.aclose()
    assert (done, store.steps[1].status) == ([], "pending")
    again = await Journal.open(store)
    await again.step("post", "tool", {}, "write", post)
    assert done == ["posted"]
    await again.aclose()
