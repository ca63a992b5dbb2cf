"""The local transport: the services in this process, over the database in the home folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

from savant.client.polling import poll
from savant.schemas.replays import RunFork, RunRetry
from savant.schemas.runs import Event, Run, RunCreate, RunResume
from savant.settings import Settings

T = TypeVar("T")


class LocalTransport:
    """Runs started here are carried out by this process; it waits for them when it closes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app: Any = None
        self._opening = asyncio.Lock()
        self._running: dict[int, asyncio.Task[Run]] = {}
        self._events: dict[int, asyncio.Queue[Event | None]] = {}

    async def call(self, noun: str, verb: str, returns: type[T], /, **arguments: Any) -> T:
        from savant.services.perform import SETTINGS_ONLY, perform, service_of

        if noun in SETTINGS_ONLY:
            return await service_of(noun, verb)(self._settings, **arguments)
        return await perform(await self._open(), noun, verb, **arguments)

    async def start(self, create: RunCreate, *, detach: bool) -> Run:
        return await self._go(await self.call("runs", "start", Run, create=create), detach)

    async def resume(self, run_id: int, options: RunResume, *, detach: bool) -> Run:
        return await self._go(await self.call("runs", "resume", Run, id=run_id, options=options), detach)

    async def fork(self, run_id: int, options: RunFork, *, detach: bool) -> Run:
        return await self._go(await self.call("runs", "fork", Run, id=run_id, options=options), detach)

    async def retry(self, run_id: int, options: RunRetry, *, detach: bool) -> Run:
        return await self._go(await self.call("runs", "retry", Run, id=run_id, options=options), detach)

    async def follow(self, run_id: int, after: int = 0) -> AsyncIterator[Event]:
        queue = self._events.get(run_id)
        if queue is None:
            async for event in poll(self, run_id, after):
                yield event
            return
        while (event := await queue.get()) is not None:
            if event.seq is None or event.seq > after:
                yield event
        await self._running[run_id]

    async def aclose(self) -> None:
        for task in self._running.values():
            if not task.done():
                task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._app is not None:
            await self._app.aclose()

    async def _open(self) -> Any:
        async with self._opening:
            if self._app is None:
                from savant.services.app import App

                self._app = await App.open(self._settings)
            return self._app

    async def _go(self, run: Run, detach: bool) -> Run:
        if detach:
            from savant.client.detached import spawn

            spawn(self._settings, run.id)
            return run
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._events[run.id] = queue
        self._running[run.id] = asyncio.create_task(self._carry_out(run.id, queue))
        return run

    async def _carry_out(self, run_id: int, queue: asyncio.Queue[Event | None]) -> Run:
        from savant.jobs.execute_run import execute_run

        try:
            return await execute_run(await self._open(), run_id, queue.put_nowait)
        finally:
            queue.put_nowait(None)
