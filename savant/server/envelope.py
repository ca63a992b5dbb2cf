"""How an answer looks on the wire: `data` and `meta`, or `error` and `meta`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response

from savant import clock
from savant.schemas.base import Page

JSON = "application/json"


class Meta(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is said about an answer; `next_cursor` only where a list goes on."""

    request_id: str
    timestamp: datetime
    next_cursor: str | None = None


class Answer(msgspec.Struct, kw_only=True):
    data: Any
    meta: Meta


class ErrorBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`code` is one of a fixed list, `details` maps fields to what is wrong with them, `hint` says what to do."""

    code: str
    message: str
    details: dict[str, Any]
    hint: str | None = None


class Failure(msgspec.Struct, kw_only=True):
    error: ErrorBody
    meta: Meta


def answer(result: Any, request_id: str, status: int) -> Response[bytes]:
    """A result in its envelope; a page's items are the data, and its cursor goes beside them."""
    if status == 204:
        return Response(b"", status_code=204, media_type=JSON)
    cursor = result.next_cursor if isinstance(result, Page) else None
    data = result.items if isinstance(result, Page) else result
    meta = Meta(request_id=request_id, timestamp=clock.now(), next_cursor=cursor)
    return Response(encode(Answer(data=data, meta=meta)), status_code=status, media_type=JSON)


def failure(error: ErrorBody, request_id: str, status: int) -> Response[bytes]:
    body = Failure(error=error, meta=Meta(request_id=request_id, timestamp=clock.now()))
    return Response(encode(body), status_code=status, media_type=JSON)


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=str)
