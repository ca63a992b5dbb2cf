"""Many files read and taken apart at once, in worker processes where there is enough to do."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence

from savant.runtime.indexing.parse import Outcome, Refused, Task, looks_binary, parse_all
from savant.runtime.indexing.worker import Worker, WorkerDied

# To start workers takes longer than this process takes for so many bytes.
FEW_BYTES = 1_500_000
TASK_BYTES = 400_000
TASK_FILES = 200
MAX_WORKERS = 16

Sized = tuple[Task, int]
Answered = tuple[list[Sized], list[Outcome]]


async def parsed(
    root: str, tasks: Sequence[Sized], max_bytes: int, workers: int | None = None
) -> AsyncIterator[tuple[Task, int, Outcome]]:
    """(task, its bytes, what became of it) for each file, in no particular order."""
    batches = list(_batches(tasks))
    pool = None
    if await asyncio.to_thread(_work, root, tasks) > FEW_BYTES:
        pool = _Pool(root, max_bytes, workers or min(os.cpu_count() or 1, MAX_WORKERS))
    async for batch, outcomes in pool.each(batches) if pool else _here(root, batches, max_bytes):
        for (task, size), outcome in zip(batch, outcomes, strict=True):
            yield task, size, outcome


def _work(root: str, tasks: Sequence[Sized]) -> int:
    """How many bytes are to be taken apart; of few files those that turn out to be binary are not counted."""
    few = len(tasks) <= TASK_FILES
    return sum(size for task, size in tasks if not (few and task.known is None and looks_binary(root, task.path)))


async def _here(root: str, batches: list[list[Sized]], max_bytes: int) -> AsyncIterator[Answered]:
    for batch in batches:
        yield batch, await asyncio.to_thread(parse_all, root, [task for task, _ in batch], max_bytes)


class _Pool:
    """Worker processes; a file that kills one is tried again alone, by its lines, and given up if it kills again."""

    def __init__(self, root: str, max_bytes: int, workers: int) -> None:
        self._root, self._max_bytes = root, max_bytes
        self._workers = [Worker() for _ in range(workers)]

    async def each(self, batches: list[list[Sized]]) -> AsyncIterator[Answered]:
        waiting = deque(batches)
        done: asyncio.Queue[Answered | Exception] = asyncio.Queue(maxsize=2 * len(self._workers))
        serving = [asyncio.create_task(self._serve(worker, waiting, done)) for worker in self._workers]
        try:
            for _ in batches:
                answer = await done.get()
                if isinstance(answer, Exception):
                    raise answer
                yield answer
        finally:
            for task in serving:
                task.cancel()
            await asyncio.to_thread(self._close)
            await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(
        self, worker: Worker, waiting: deque[list[Sized]], done: asyncio.Queue[Answered | Exception]
    ) -> None:
        while waiting:
            batch = waiting.popleft()
            tasks = [task for task, _ in batch]
            try:
                await done.put((batch, await asyncio.to_thread(self._ask, worker, tasks)))
            except Exception as error:  # noqa: BLE001  (raised again by who waits for the answer)
                await done.put(error)

    def _ask(self, worker: Worker, tasks: list[Task]) -> list[Outcome]:
        try:
            return worker.ask(self._root, tasks, self._max_bytes)
        except WorkerDied:
            return [self._alone(worker, task) for task in tasks]

    def _alone(self, worker: Worker, task: Task) -> Outcome:
        for plain in (False, True):
            try:
                return worker.ask(self._root, [task._replace(plain=plain)], self._max_bytes)[0]
            except WorkerDied:
                continue
        return Refused(task.shown, "kills what reads it")

    def _close(self) -> None:
        """Let no worker outlive its use, whatever it is doing."""
        for worker in self._workers:
            worker.close()


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
