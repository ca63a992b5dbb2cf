"""Following a run that is carried out elsewhere, by asking again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from savant.client.transport import Transport
from savant.schemas.runs import Event, Run
from savant.schemas.traces import Trace

SECONDS = 0.2


async def poll(transport: Transport, run_id: int, after: int) -> AsyncIterator[Event]:
    """The stored traces of a run, until it goes no further."""
    while True:
        run = await transport.call("runs", "get", Run, id=run_id)
        traces = await transport.call("runs", "traces", list[Trace], id=run_id, after=after)
        for trace in traces:
            after = trace.seq
            yield trace.event(run_id)
        if not traces and run.status not in ("pending", "running"):
            return
        if not traces and run.status == "running" and run.alive is False:
            return
        if not traces:
            await asyncio.sleep(SECONDS)
