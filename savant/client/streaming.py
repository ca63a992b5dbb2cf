"""A run followed over HTTP as server-sent events; a connection that is lost is made again, from the last `seq`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import httpx2
import msgspec

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.schemas.runs import Event

SILENCE_SECONDS = 60.0
"""A server says at least every 15 seconds that it lives."""
PATIENCE_SECONDS = 120.0
"""How long a server that was lost is looked for."""
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)

Asking = Callable[[Mapping[str, str]], AbstractAsyncContextManager[httpx2.Response]]


class _Message(NamedTuple):
    kind: str
    data: str


async def stream(asking: Asking, run_id: int, after: int) -> AsyncIterator[Event]:
    """The events of a run with a `seq` above `after`; `asking` opens the stream, and raises what the server refuses."""
    began, lost_at, failures = False, clock.monotonic(), 0
    while True:
        try:
            async with asking({"Last-Event-ID": str(after)}) as answer:
                began = True
                async for message in _messages(answer):
                    lost_at, failures = clock.monotonic(), 0
                    if message.kind == "end":
                        return
                    if message.kind == "error":
                        raise _refused(message.data)
                    event = msgspec.json.decode(message.data, type=Event)
                    after = event.seq or after
                    yield event
        except (httpx2.HTTPError, SavantError) as error:
            if isinstance(error, SavantError) and (not began or error.code is not ErrorCode.UNREACHABLE):
                raise
        if clock.monotonic() - lost_at > PATIENCE_SECONDS:
            message = f"The server was lost while run {run_id} was followed; there it goes on."
            raise SavantError(ErrorCode.UNREACHABLE, message, hint=f"Follow it again: savant runs watch {run_id}")
        await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
        failures += 1


async def _messages(answer: httpx2.Response) -> AsyncGenerator[_Message]:
    kind, data = "message", ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(":")
        match name:
            case "event":
                kind = value.strip()
            case "data":
                data += value.removeprefix(" ")
            case "" if not line and data:
                yield _Message(kind, data)
                kind, data = "message", ""
            case _:
                pass


def _refused(data: str) -> SavantError:
    said = msgspec.json.decode(data, type=dict[str, Any])
    return SavantError(ErrorCode(said["code"]), said["message"])
