"""One number a request, on every answer and in every record of what it changed."""

from __future__ import annotations

import re
import uuid
from typing import Any

from savant import clock

HEADER = "X-Request-Id"
_NAME = HEADER.lower().encode()
_GIVEN = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_KEY = "savant_request_id"


def request_id(scope: Any) -> str:
    """The caller's own number if it looks like one, else a new one; the same for all of one request."""
    state: dict[str, Any] = scope["state"]
    if _KEY not in state:
        given = next((value for name, value in scope["headers"] if name == _NAME), b"")
        state[_KEY] = given.decode() if _GIVEN.fullmatch(given) else str(uuid.UUID(hex=clock.token(16), version=4))
    return state[_KEY]


async def stamp(message: Any, scope: Any) -> None:
    """Write it on the answer, whichever that is."""
    if message["type"] == "http.response.start":
        kept = [header for header in message.get("headers", ()) if header[0].lower() != _NAME]
        message["headers"] = [*kept, (_NAME, request_id(scope).encode())]
