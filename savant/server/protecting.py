"""What every answer carries against misuse in a browser, and how long a request may take."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from savant.errors import ErrorCode
from savant.server.envelope import ErrorBody, failure
from savant.server.requests import request_id

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"
ENDLESS = b"text/event-stream"


class Protected:
    """An ASGI application with these headers on every answer that has not its own, and a limit of time."""

    def __init__(self, app: Any, *, seconds: float, https: bool) -> None:
        self._app = app
        self._seconds = seconds
        headers = {**HEADERS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if https else {})}
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        limit = asyncio.timeout(self._seconds)

        async def guarded(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = {name.lower(): value for name, value in message.get("headers", ())}
                message["headers"] = [
                    *message.get("headers", ()), *(header for header in self._headers if header[0] not in given)
                ]  # fmt: skip
                if given.get(b"content-type", b"").startswith(ENDLESS):
                    limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await self._app(scope, receive, guarded)
        except TimeoutError:
            if started or not limit.expired():
                raise
            await _too_late(self._seconds, scope, receive, guarded)


async def _too_late(seconds: float, scope: Any, receive: Any, send: Any) -> None:
    said = ErrorBody(code=ErrorCode.TIMEOUT.value, message=f"This took longer than {seconds:g} s.", details={})
    answer = failure(said, request_id(scope), 504)
    headers = [(b"content-type", b"application/json"), (b"x-request-id", request_id(scope).encode())]
    await send({"type": "http.response.start", "status": 504, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})
