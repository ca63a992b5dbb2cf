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


def check(connection: ASGIConnection[Any, Any, Any, Any], session: str, public_url: str | None) -> None:
    """FORBIDDEN unless the request comes from this site; a web socket has no header but its origin to show it.

    Where it has a `public_url`, that is the site: a proxy may call the server by another name.
    """
    origin, host = connection.headers.get("origin"), connection.headers.get("host", "")
    sites = (f"http://{host}", f"https://{host}") if public_url is None else (_origin(public_url),)
    foreign = origin is not None and origin not in sites
    if connection.scope["type"] == "websocket":
        if foreign or origin is None:
            raise _forbidden()
    elif connection.scope.get("method") not in SAFE:
        shown = connection.headers.get(HEADER, "")
        if foreign or not hmac.compare_digest(shown.encode(), token(session).encode()):
            raise _forbidden()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _forbidden() -> SavantError:
    hint = f"Send {HEADER} with what the cookie {COOKIE} holds."
    return SavantError(ErrorCode.FORBIDDEN, "The request does not show that it comes from this site.", hint=hint)
