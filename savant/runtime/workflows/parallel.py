"""Several things at once, with the outcome of one: its results, the first failure, or a wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from savant.errors import ErrorCode, SavantError
from savant.runtime.journal import Parked


async def run_all(branches: Sequence[Callable[[], Awaitable[Any]]], limit: int, *, in_order: bool = False) -> list[Any]:
    """The results in the order of `branches`, at most `limit` at once.

    The first failure cancels what runs beside it, waits for its end, and is raised as itself. A branch that parks
    lets what has begun finish, and is raised then. `in_order` is how a replay goes: one after another, and each to
    its end, whatever became of the others.
    """
    if in_order:
        return await _in_order(branches)
    results: list[Any] = [None] * len(branches)
    parked: dict[int, Parked] = {}
    waiting = iter(enumerate(branches))

    async def work() -> None:
        for number, branch in waiting:
            try:
                results[number] = await branch()
            except Parked as park:
                parked[number] = park
            if parked:
                return

    tasks = [asyncio.create_task(work()) for _ in range(min(limit, len(branches)))]
    await _settle(tasks)
    if parked:
        raise parked[min(parked)]
    return results


async def _in_order(branches: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    results: list[Any] = []
    failures: list[Exception] = []
    for branch in branches:
        try:
            results.append(await branch())
        except Exception as failure:
            if isinstance(failure, SavantError) and failure.code is ErrorCode.DIVERGENCE:
                raise
            failures.append(failure)
    # What really failed comes before a branch whose record just ends.
    for failure in sorted(failures, key=lambda failure: not isinstance(failure, SavantError)):
        raise failure
    return results


async def _settle(tasks: list[asyncio.Task[None]]) -> None:
    if not tasks:
        return
    done: set[asyncio.Task[None]] = set()
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        rest = [task for task in tasks if task not in done]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
    failed = [task for task in tasks if task in done and (task.cancelled() or task.exception())]
    if failed:
        failed[0].result()


async def within(seconds: float | None, what: str, do: Callable[[], Awaitable[Any]]) -> Any:
    """What `do` gives, or TIMEOUT when it takes longer; None is no limit."""
    if seconds is None:
        return await do()
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await do()
    except TimeoutError:
        if not limit.expired():
            raise
        raise SavantError(
            ErrorCode.TIMEOUT, f"{what} took longer than {seconds:g} s.", hint="Raise its timeout, or give it less."
        ) from None
