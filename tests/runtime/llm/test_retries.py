"""What is worth asking again is asked again, within bounds, and never when somebody has begun to read."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import pytest

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.runtime.llm import failures
from tests.runtime.llm.conftest import Stage, ask
from tests.runtime.llm.test_faults import TEXT, failure
from tests.stubs.models import Reply

PASSING = [
    Reply(status=429, retry_after=0),
    Reply(status=503),
    Reply(status=529),
    Reply(fault="reset"),
    Reply(text=TEXT, fault="reset_mid"),
    Reply(text=TEXT, fault="truncated"),
    Reply(text=TEXT, fault="error_in_stream"),
    Reply(text=TEXT, fault="hang_mid"),
    Reply(text=""),
]


@pytest.mark.parametrize("bad", PASSING, ids=lambda bad: bad.fault or bad.status)
async def test_a_passing_failure_is_got_over(stage: Stage, bad: Reply) -> None:
    scene = await stage(bad, Reply(text="Now it works."), read_timeout=0.15)

    response = await scene.model.complete(ask())

    assert response.text == "Now it works."
    assert len(scene.stub.requests) == 2


@pytest.mark.parametrize("fault", ["reset_mid", "truncated", "hang_mid", "error_in_stream"])
async def test_nothing_is_asked_again_once_somebody_reads(stage: Stage, fault: str) -> None:
    scene = await stage(Reply(text=TEXT, fault=fault), Reply(text="Another answer."), read_timeout=0.15)
    pieces: list[str] = []

    await failure(scene.model, pieces=pieces)

    assert TEXT.startswith("".join(pieces))
    assert pieces
    assert len(scene.stub.requests) == 1


async def test_a_reader_who_has_seen_nothing_does_not_prevent_it(stage: Stage) -> None:
    scene = await stage(Reply(status=503), Reply(text=TEXT))
    pieces: list[str] = []
    await scene.model.complete(ask(), pieces.append)
    assert "".join(pieces) == TEXT


async def test_attempts_are_bounded(stage: Stage) -> None:
    scene = await stage(Reply(status=500), attempts=4)
    error = await failure(scene.model)
    assert len(scene.stub.requests) == error.details["attempts"] == 4


async def test_retry_after_is_obeyed(stage: Stage) -> None:
    scene = await stage(Reply(status=429, retry_after=0.3), Reply(text="Hello."))
    began = clock.monotonic()
    await scene.model.complete(ask())
    assert clock.monotonic() - began >= 0.3


async def test_a_wait_beyond_the_time_given_is_not_begun(stage: Stage) -> None:
    scene = await stage(Reply(status=429, retry_after=3600), Reply(text="An hour later."))
    error = await failure(scene.model)
    assert error.code == ErrorCode.MODEL_RATE_LIMITED
    assert error.details["retry_after"] == 3600


async def test_the_time_given_is_for_all_attempts_together(stage: Stage) -> None:
    scene = await stage(Reply(fault="hang"), read_timeout=0.2, attempts=50)
    error = await failure(scene.model, ask(timeout=0.5))
    assert error.code == ErrorCode.MODEL_TIMEOUT
    assert len(scene.stub.requests) <= 4


async def test_a_cancelled_call_lets_go_at_once(stage: Stage) -> None:
    scene = await stage(Reply(fault="hang"))
    call = asyncio.create_task(scene.model.complete(ask()))
    while not scene.stub.requests:
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(call, 5)


async def test_many_at_once_keep_their_answers_apart(stage: Stage) -> None:
    scene = await stage(*[Reply(text=f"Answer {number}.") for number in range(20)])
    answers = await asyncio.gather(*[scene.model.complete(ask()) for _ in range(20)])
    assert sorted(answer.text for answer in answers) == sorted(f"Answer {number}." for number in range(20))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_ways_to_say_how_long(headers: dict[str, str], seconds: float | None) -> None:
    assert failures.retry_after(headers) == seconds


def test_a_date_says_how_long_too() -> None:
    headers = {"retry-after": format_datetime(clock.now() + timedelta(seconds=90), usegmt=True)}
    wait = failures.retry_after(headers)
    assert wait is not None
    assert 80 < wait <= 90


def test_a_failure_is_a_savant_error_with_an_exit_code() -> None:
    error = failures.timed_out(failures.Target(model="a/b", host="h"), "was slow.")
    assert isinstance(error, SavantError)
    assert error.exit_code == 4
