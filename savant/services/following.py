"""Following a run by its record, from whichever process carries it out; broken off anywhere, it goes on from there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from savant.schemas.runs import Event
from savant.services.app import App
from savant.services.perform import perform

LOOK_SECONDS = 0.25
GOING = frozenset({"pending", "running"})


async def follow(app: App, run_id: int, after: int = 0) -> AsyncGenerator[Event | None, None]:
    """The events with a `seq` above `after`, until the run waits or is finished; None while nothing happens.

    Whether it may be read is asked at every look, so whoever loses the right to it sees no more of it.
    """
    while True:
        run = await perform(app, "runs", "get", id=run_id)  # before the events: its last one is written with its end
        traces = await perform(app, "runs", "traces", id=run_id, after=after)
        for trace in traces:
            after = trace.seq
            yield Event(
                type=trace.event_type, run_id=run_id, payload=trace.payload, seq=trace.seq,
                step_number=trace.step_number, timestamp=trace.timestamp,
            )  # fmt: skip
        if traces:
            continue
        if run.status not in GOING:
            return
        yield None
        await asyncio.sleep(LOOK_SECONDS)
