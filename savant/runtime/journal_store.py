"""Where a journal's steps are kept, and how they get there in few transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from savant.schemas.spendings import Charge
from savant.schemas.steps import Step
from savant.schemas.traces import Trace

FLUSH_SECONDS = 0.1


class JournalStore(Protocol):
    """Where steps are kept; `write` is one short transaction, and what it returned from is durable."""

    async def write(
        self,
        steps: Sequence[Step],
        traces: Sequence[Trace],
        blobs: Mapping[str, bytes],
        charges: Sequence[Charge] = (),
    ) -> None:
        """`charges` are what the calls among these steps cost, each of which is told once."""
        ...

    async def load(self) -> tuple[list[Step], int]:
        """All steps by number, and the next `seq` of the traces."""
        ...

    async def read_blobs(self, hashes: Sequence[str]) -> dict[str, bytes]: ...


class MemoryStore:
    """A journal store without a database: for embedding, and for runs nobody wants to keep."""

    def __init__(self) -> None:
        self.steps: dict[int, Step] = {}
        self.traces: list[Trace] = []
        self.blobs: dict[str, bytes] = {}
        self.charges: list[Charge] = []

    async def write(
        self,
        steps: Sequence[Step],
        traces: Sequence[Trace],
        blobs: Mapping[str, bytes],
        charges: Sequence[Charge] = (),
    ) -> None:
        self.charges.extend(charges)
        self.steps.update((step.step_number, msgspec.structs.replace(step)) for step in steps)
        self.traces.extend(traces)
        self.blobs.update(blobs)

    async def load(self) -> tuple[list[Step], int]:
        return [self.steps[number] for number in sorted(self.steps)], len(self.traces) + 1

    async def read_blobs(self, hashes: Sequence[str]) -> dict[str, bytes]:
        return {key: self.blobs[key] for key in hashes if key in self.blobs}


class Writer:
    """Group commit: whoever waits shares the next transaction with everyone who came before it started."""

    def __init__(self, store: JournalStore) -> None:
        self._store = store
        self._steps: dict[int, Step] = {}
        self._traces: list[Trace] = []
        self._blobs: dict[str, bytes] = {}
        self._charges: list[Charge] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Exception | None = None

    def add(
        self,
        *,
        step: Step | None = None,
        trace: Trace | None = None,
        blobs: Mapping[str, bytes] | None = None,
        charges: Sequence[Charge] = (),
    ) -> None:
        if step is not None:
            self._steps[step.step_number] = step
        if trace is not None:
            self._traces.append(trace)
        if blobs:
            self._blobs.update(blobs)
        self._charges += charges
        if self._timer is None and self._task is None and self._failure is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._start)

    @property
    def broken(self) -> bool:
        """Whether something could not be written."""
        return self._failure is not None

    def check(self) -> None:
        """Raise if something could not be written: then nothing may be done any more."""
        if self._failure is not None:
            raise self._failure

    async def commit(self) -> None:
        """Return when everything added so far is durable; raise if it could not be written."""
        self.check()
        if self._pending:
            # One future for each who waits: one that is cancelled leaves the others waiting.
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            self._start()
            await waiting
        elif self._task is not None:
            await asyncio.shield(self._task)
        self.check()

    async def aclose(self) -> None:
        try:
            await self.commit()
        finally:
            self._stop_timer()

    @property
    def _pending(self) -> bool:
        return bool(self._steps or self._traces or self._blobs or self._charges)

    def _start(self) -> None:
        self._stop_timer()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _drain(self) -> None:
        try:
            while self._pending and self._failure is None:
                await self._write_batch()
        finally:
            self._wake(self._waiting)
            self._task = None

    async def _write_batch(self) -> None:
        # A step goes on changing while it is written, so the store gets it as it is now, with the blobs it refers to.
        steps = [msgspec.structs.replace(step) for step in self._steps.values()]
        traces, blobs, charges = self._traces, self._blobs, self._charges
        waiting, self._waiting = self._waiting, []
        self._steps, self._traces, self._blobs, self._charges = {}, [], {}, []
        try:
            await self._store.write(steps, traces, blobs, charges)
        except Exception as error:  # noqa: BLE001
            # Nothing that follows may be written over a gap: every later commit fails as this one did.
            self._failure = error
        except asyncio.CancelledError:
            self._failure = RuntimeError("The journal's writer was cancelled.")
            raise
        finally:
            self._wake(waiting)

    @staticmethod
    def _wake(waiting: list[asyncio.Future[None]]) -> None:
        for future in waiting:
            if not future.done():
                future.set_result(None)
