"""Following a run over HTTP: server-sent events and WebSocket, resumed by `seq`, with words as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from litestar import Request, WebSocket, get, websocket
from litestar.types import ASGIApp

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.schemas.runs import Event
from savant.server.auth import acting, authenticate
from savant.server.requests import request_id
from savant.services.following import follow
from savant.services.perform import perform

PATH = "/v1/runs/{id:str}/events"
HEARTBEAT_SECONDS = 15.0
"""So often a silent stream says that it lives, and every stream asks whether its follower still may."""
SEND_SECONDS = 20.0
"""Whoever takes nothing for so long is let go; they can come back with the last `seq` they saw."""
TRY_LATER = 1013
NOT_ALLOWED = 1008
_encoder = msgspec.json.Encoder()
_PULSE = None

Send = Callable[[Event | None], Awaitable[None]]


@get(PATH, name="runs_events", include_in_schema=False)
async def events(request: Request[Any, Any, Any]) -> ASGIApp:
    """Server-sent events; `Last-Event-ID`, or `after`, is the last `seq` that was seen."""
    id = _number(request.path_params["id"])
    after = _after(request.headers.get("last-event-id") or request.query_params.get("after"))
    await perform(acting(request), "runs", "get", id=id)

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"),
                   (b"x-accel-buffering", b"no"), (b"x-request-id", request_id(scope).encode())]  # fmt: skip
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def put(event: Event | None) -> None:
            await send({"type": "http.response.body", "body": _message(event), "more_body": True})

        gone = asyncio.create_task(_gone(receive))
        following = asyncio.create_task(_pump(request, id, after, put))
        try:
            await asyncio.wait({gone, following}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                await send({"type": "http.response.body", "body": _ending(following.exception())})
        finally:
            for task in (gone, following):
                task.cancel()
            await asyncio.gather(gone, following, return_exceptions=True)

    return stream


@websocket("/v1/runs/{id:str}/socket", name="runs_socket")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    """The same events as JSON texts; closed with 1000 at the end, 1008 without a right, 1013 if nothing is taken."""
    id, after = _number(socket.path_params["id"]), _after(socket.query_params.get("after"))
    await perform(acting(socket), "runs", "get", id=id)  # who may not is refused before it is opened
    await socket.accept()

    async def put(event: Event | None) -> None:
        await socket.send_text("" if event is None else _encoder.encode(event).decode())

    gone = asyncio.create_task(_left(socket))
    following = asyncio.create_task(_pump(socket, id, after, put))
    try:
        await asyncio.wait({gone, following}, return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            error = following.exception()
            code = 1000 if error is None else TRY_LATER if isinstance(error, TimeoutError) else NOT_ALLOWED
            await socket.close(code=code)
    finally:
        for task in (gone, following):
            task.cancel()
        await asyncio.gather(gone, following, return_exceptions=True)


async def _pump(connection: Any, id: int, after: int, put: Send) -> None:
    """Hand on what happens until the run goes no further; TimeoutError for a follower who takes nothing."""
    asked = clock.monotonic()
    async with aclosing(_with_pulse(follow(acting(connection), id, after))) as happenings:
        async for event in happenings:
            if clock.monotonic() - asked > HEARTBEAT_SECONDS:
                asked = clock.monotonic()
                app = acting(connection).acting_as(await authenticate(connection))
                await perform(app, "runs", "get", id=id)
            async with asyncio.timeout(SEND_SECONDS):
                await put(event)


async def _with_pulse(happenings: AsyncGenerator[Event]) -> AsyncGenerator[Event | None]:
    """The events, and `_PULSE` whenever there was none for a while."""
    async with aclosing(happenings):
        upcoming: asyncio.Future[Event] | None = None
        try:
            while True:
                upcoming = upcoming or asyncio.ensure_future(anext(happenings))
                done, _ = await asyncio.wait({upcoming}, timeout=HEARTBEAT_SECONDS)
                if not done:
                    yield _PULSE
                    continue
                ready, upcoming = upcoming, None
                try:
                    event = ready.result()
                except StopAsyncIteration:
                    return
                yield event
        finally:
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)


def _message(event: Event | None) -> bytes:
    if event is None:
        return b":\n\n"
    number = b"" if event.seq is None else b"id: %d\n" % event.seq
    return number + b"event: " + event.type.encode() + b"\ndata: " + _encoder.encode(event) + b"\n\n"


def _ending(error: BaseException | None) -> bytes:
    """The last message: `end` when the run goes no further, `error` when the follower may not go on."""
    if error is None:
        return b"event: end\ndata: {}\n\n"
    if not isinstance(error, SavantError):
        return b""
    return b"event: error\ndata: " + _encoder.encode({"code": error.code.value, "message": error.message}) + b"\n\n"


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _left(socket: WebSocket[Any, Any, Any]) -> None:
    with suppress(Exception):  # however it ended, nobody is there any more
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


def _number(given: str) -> int:
    if not given.isdecimal() or len(given) > 18:
        raise SavantError(ErrorCode.NOT_FOUND, "There is nothing at this address.")
    return int(given)


def _after(given: str | None) -> int:
    if not given:
        return 0
    if not given.isdecimal() or len(given) > 18:
        message = f"`{given[:50]}` is no `seq` of an event."
        raise SavantError(ErrorCode.VALIDATION, message, hint="Give the last one you saw, or nothing.")
    return int(given)


HANDLERS = [events, socket]
