"""Against other sites that use a person's cookie: a change must show a word that only this site can read."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from savant.errors import ErrorCode, SavantError

HEADER = "X-CSRF-Token"
COOKIE = "savant_csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token(session: str) -> str:
    """The word that belongs to a session; it cannot be turned back into the session's own secret."""
    return hmac.new(session.encode(), b"savant csrf", hashlib.sha256).hexdigest()


def check(connection: ASGIConnection[Any, Any, Any, Any], session: str) -> None:
    """FORBIDDEN unless the request comes from this site; a web socket has no header but its origin to show it."""
    origin = connection.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != connection.headers.get("host", "")
    if connection.scope["type"] == "websocket":
        if foreign or origin is None:
            raise _forbidden()
    elif connection.scope.get("method") not in SAFE:
        shown = connection.headers.get(HEADER, "")
        if foreign or not hmac.compare_digest(shown.encode(), token(session).encode()):
            raise _forbidden()


def _forbidden() -> SavantError:
    hint = f"Send {HEADER} with what the cookie {COOKIE} holds."
    return SavantError(ErrorCode.FORBIDDEN, "The request does not show that it comes from this site.", hint=hint)
