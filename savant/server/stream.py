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
from savant.server.openapi import DESCRIBED, WORKSPACE
from savant.server.requests import request_id
from savant.services.following import follow, still_permit

PATH = "/v1/runs/{id:str}/events"
HEARTBEAT_SECONDS = 15.0
"""So often a silent stream says that it lives, and every stream asks whether its follower still may."""
SEND_SECONDS = 20.0
"""Whoever takes nothing for so long is let go; they can come back with the last `seq` they saw."""
TRY_LATER = 1013
NOT_ALLOWED = 1008
_encoder = msgspec.json.Encoder()
MOST_WRITTEN = 64
_written: dict[int, tuple[Event, bytes]] = {}

Happenings = AsyncGenerator[Event | None]
Put = Callable[[Event | None], Awaitable[None]]
End = Callable[[Exception | None], Awaitable[None]]


def _parameter(name: str, place: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema}


_NUMBER = {"type": "integer", "minimum": 0}
_FAILURES = (401, 403, 404, 422, 429, 500, 503)
DESCRIPTION: dict[str, Any] = {
    "operationId": "runs_events",
    "tags": ["runs"],
    "summary": "What happens in a run, as it happens, until it goes no further.",
    "description": "Server-sent events: `id` is the `seq` of an event, `event` its type, `data` the event as JSON; the"
    " last one is `end`, or `error` for who may not go on. A comment comes every 15 seconds of silence.",
    "parameters": [
        _parameter("id", "path", {"type": "integer", "minimum": 1}, required=True),
        _parameter("after", "query", _NUMBER | {"description": "The last `seq` that was seen."}),
        _parameter("Last-Event-ID", "header", _NUMBER | {"description": "The same, as browsers send it."}),
        WORKSPACE,
    ],
    "responses": {
        "200": {"description": "The events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in _FAILURES},
    },
}


@get(PATH, name="runs_events", opt={DESCRIBED: DESCRIPTION}, include_in_schema=False)
async def events(request: Request[Any, Any, Any]) -> ASGIApp:
    """Server-sent events; `Last-Event-ID`, or `after`, is the last `seq` that was seen."""
    id = _number(request.path_params["id"])
    after = _after(request.headers.get("last-event-id") or request.query_params.get("after"))
    happenings = await follow(acting(request), id, after, HEARTBEAT_SECONDS)

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"),
                   (b"x-accel-buffering", b"no"), (b"x-request-id", request_id(scope).encode())]  # fmt: skip
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def put(event: Event | None) -> None:
            await send({"type": "http.response.body", "body": _message(event), "more_body": True})

        async def end(error: Exception | None) -> None:
            await send({"type": "http.response.body", "body": _ending(error)})

        await _pump(request, id, happenings, _gone(receive), put, end)

    return stream


@websocket("/v1/runs/{id:str}/socket", name="runs_socket")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    """The same events as JSON texts; closed with 1000 at the end, 1008 without a right, else 1013."""
    id, after = _number(socket.path_params["id"]), _after(socket.query_params.get("after"))
    happenings = await follow(acting(socket), id, after, HEARTBEAT_SECONDS)  # who may not is refused before it is open
    await socket.accept()

    async def put(event: Event | None) -> None:
        await socket.send_text("" if event is None else _encoder.encode(event).decode())

    async def end(error: Exception | None) -> None:
        await socket.close(code=_code(error))

    await _pump(socket, id, happenings, _left(socket), put, end)


async def _pump(connection: Any, id: int, happenings: Happenings, gone: Any, put: Put, end: End) -> None:
    """Hand on what happens until the run goes no further, or nobody is there any more; then say how it ended.

    A follower costs this task, and the one that waits for them to be `gone`.
    """
    leaving = asyncio.ensure_future(gone)
    staying = asyncio.timeout(None)
    failed: Exception | None = None
    try:
        async with staying, aclosing(happenings):
            leaving.add_done_callback(lambda _: _expire(staying))
            await _hand_on(connection, id, happenings, put)
    except Exception as error:  # noqa: BLE001  (whatever it is, the follower is told as far as it may be)
        failed = error
    finally:
        leaving.cancel()
    if not staying.expired():
        await end(failed)


def _expire(staying: asyncio.Timeout) -> None:
    """At once, unless it is over by now."""
    with suppress(RuntimeError):
        staying.reschedule(0)


async def _hand_on(connection: Any, id: int, happenings: Happenings, put: Put) -> None:
    """TimeoutError for a follower who takes nothing; FORBIDDEN, or its like, for one who may not go on."""
    asked = clock.monotonic()
    async for event in happenings:
        if clock.monotonic() - asked > HEARTBEAT_SECONDS:
            asked = clock.monotonic()
            app = acting(connection).acting_as(await authenticate(connection))
            await still_permit(app, id, HEARTBEAT_SECONDS)
        async with asyncio.timeout(SEND_SECONDS):
            await put(event)


def _message(event: Event | None) -> bytes:
    """As it goes over the wire; written once for all who follow, who are given the same events."""
    if event is None:
        return b":\n\n"
    held = _written.get(id(event))
    if held is None or held[0] is not event:
        while len(_written) >= MOST_WRITTEN:
            del _written[next(iter(_written))]
        held = _written[id(event)] = (event, _write(event))
    return held[1]


def _write(event: Event) -> bytes:
    number = b"" if event.seq is None else b"id: %d\n" % event.seq
    return number + b"event: " + event.type.encode() + b"\ndata: " + _encoder.encode(event) + b"\n\n"


def _ending(error: Exception | None) -> bytes:
    """The last message: `end` when the run goes no further, `error` when the follower may not go on."""
    if error is None:
        return b"event: end\ndata: {}\n\n"
    if not isinstance(error, SavantError):
        return b""
    return b"event: error\ndata: " + _encoder.encode({"code": error.code.value, "message": error.message}) + b"\n\n"


def _code(error: Exception | None) -> int:
    """The same for a WebSocket."""
    if error is None:
        return 1000
    lost = isinstance(error, SavantError) and error.code is ErrorCode.UNREACHABLE
    return TRY_LATER if lost or isinstance(error, TimeoutError) else NOT_ALLOWED


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
