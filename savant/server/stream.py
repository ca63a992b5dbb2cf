"""Following a run over HTTP: events numbered by `seq`, server-sent or over a web socket, to go on from anywhere."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from litestar import Request, WebSocket, get, websocket
from litestar.response import Stream

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.schemas.runs import Event
from savant.server.auth import acting
from savant.services.following import follow
from savant.services.perform import perform

SILENCE_SECONDS = 15.0
_NUMBER = re.compile(r"[0-9]{1,9}")


@get("/v1/runs/{id:str}/events", include_in_schema=False)
async def events(request: Request[Any, Any, Any]) -> Stream:
    """The run's events after `Last-Event-ID` (or `?after=`) as they happen; `end` is the last one."""
    run_id = _number(request.path_params["id"], "id")
    after = _number(request.headers.get("last-event-id") or request.query_params.get("after") or "0", "after")
    app = acting(request)
    await perform(app, "runs", "get", id=run_id)  # who may not is told so before anything is streamed
    return Stream(_written(follow(app, run_id, after)), media_type="text/event-stream")


@websocket("/v1/runs/{id:str}/socket")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    """The same as text messages, one event each, after `?after=`; it is closed when the run goes no further."""
    run_id = _number(socket.path_params["id"], "id")
    after = _number(socket.query_params.get("after") or "0", "after")
    app = acting(socket)
    await perform(app, "runs", "get", id=run_id)
    await socket.accept()
    async for event in follow(app, run_id, after):
        if event is not None:
            await socket.send_data(msgspec.json.encode(event).decode())
    await socket.close()


async def _written(following: AsyncGenerator[Event | None, None]) -> AsyncGenerator[bytes, None]:
    spoke = clock.monotonic()
    async for event in following:
        if event is not None:
            yield written(event)
            spoke = clock.monotonic()
        elif clock.monotonic() - spoke > SILENCE_SECONDS:
            yield b": nothing new\n\n"
            spoke = clock.monotonic()
    yield b"event: end\ndata: {}\n\n"


def written(event: Event) -> bytes:
    """One event as a client reads it."""
    number = b"" if event.seq is None else b"id: %d\n" % event.seq
    return b"%sevent: %s\ndata: %s\n\n" % (number, event.type.encode(), msgspec.json.encode(event))


def _number(text: str, name: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise SavantError(ErrorCode.VALIDATION, f"`{name}` is not a number.")
    return int(text)
