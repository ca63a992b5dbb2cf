"""Many files read and taken apart at once, in worker processes where there is enough to do."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from savant.runtime.indexing.parse import Outcome, Refused, Same, Task, parse_all, unchanged, work_quietly

# To start workers takes longer than this process takes for so many bytes.
FEW_BYTES = 1_500_000
TASK_BYTES = 400_000
TASK_FILES = 60
AHEAD = 3

Sized = tuple[Task, int]


async def parsed(
    root: str, tasks: Sequence[Sized], max_bytes: int, workers: int | None = None
) -> AsyncIterator[tuple[Task, int, Outcome]]:
    """(task, its bytes, what became of it) for each file, in no particular order."""
    changed: list[Sized] = []
    for batch in _batches(tasks):
        same = await asyncio.to_thread(unchanged, root, [task for task, _ in batch], max_bytes)
        for (task, size), is_same in zip(batch, same, strict=True):
            if is_same:
                yield task, size, Same(task.shown)
            else:
                changed.append((task, size))
    if sum(size for _, size in changed) <= FEW_BYTES:
        for batch in _batches(changed):
            outcomes = await asyncio.to_thread(parse_all, root, [task for task, _ in batch], max_bytes)
            for (task, size), outcome in zip(batch, outcomes, strict=True):
                yield task, size, outcome
        return
    pool = _Pool(workers or os.cpu_count() or 1)
    try:
        async for batch, outcomes in pool.each(root, list(_batches(changed)), max_bytes):
            for (task, size), outcome in zip(batch, outcomes, strict=True):
                yield task, size, outcome
    finally:
        pool.end()


class _Pool:
    """Worker processes; a file that kills one is tried again alone, by its lines, and given up if it kills again."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor: ProcessPoolExecutor | None = None

    async def each(
        self, root: str, batches: list[list[Sized]], max_bytes: int
    ) -> AsyncIterator[tuple[list[Sized], list[Outcome]]]:
        waiting = batches[::-1]
        running: dict[asyncio.Future[list[Outcome]], list[Sized]] = {}
        while waiting or running:
            while waiting and len(running) < self.workers * AHEAD:
                batch = waiting.pop()
                running[self._start(root, batch, max_bytes)] = batch
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            killed: list[list[Sized]] = []
            for future in done:
                batch = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    killed.append(batch)
                else:
                    yield batch, future.result()
            if killed:
                killed += running.values()
                running.clear()
                for batch in killed:
                    yield batch, await self._alone(root, batch, max_bytes)

    def _start(self, root: str, batch: list[Sized], max_bytes: int) -> asyncio.Future[list[Outcome]]:
        tasks = [task for task, _ in batch]
        try:
            return asyncio.wrap_future(self._pool().submit(parse_all, root, tasks, max_bytes))
        except BrokenProcessPool as error:
            failed: Future[list[Outcome]] = Future()
            failed.set_exception(error)
            return asyncio.wrap_future(failed)

    async def _alone(self, root: str, batch: list[Sized], max_bytes: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for task, _ in batch:
            for plain in (False, True):
                self.end()
                try:
                    outcomes += await self._start(root, [(task._replace(plain=plain), 0)], max_bytes)
                    break
                except BrokenProcessPool:
                    continue
            else:
                outcomes.append(Refused(task.shown, "kills what reads it"))
        self.end()
        return outcomes

    def _pool(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self.workers, mp_context=context, initializer=work_quietly)
        return self._executor

    def end(self) -> None:
        """Let no worker outlive its use, whatever it is doing."""
        if self._executor is not None:
            processes = list((self._executor._processes or {}).values())  # pyright: ignore[reportPrivateUsage]
            self._executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
            self._executor = None


def _batches(tasks: Sequence[Sized]) -> Iterator[list[Sized]]:
    batch: list[Sized] = []
    size = 0
    for task in tasks:
        batch.append(task)
        size += task[1]
        if len(batch) == TASK_FILES or size >= TASK_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
