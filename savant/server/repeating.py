"""`Idempotency-Key`: the first answer to a POST is the answer to every other with its key."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response

from savant import policies
from savant.errors import ErrorCode, SavantError
from savant.server import failures
from savant.server.arguments import invalid
from savant.server.auth import acting
from savant.server.endpoints import Endpoint
from savant.server.envelope import JSON
from savant.services import actors, idempotency
from savant.services.app import App
from savant.services.idempotency import Answered, Key

HEADER = "Idempotency-Key"
REPEATED = "Idempotency-Replayed"
WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_KEY = re.compile(r"[!-~]{1,255}")

Answer = Callable[[], Awaitable[Response[bytes]]]


async def once(endpoint: Endpoint, request: Request[Any, Any, Any], answer: Answer) -> Response[bytes]:
    """The answer, or what was first answered under the key of the request."""
    text = request.headers.get(HEADER.lower())
    app = acting(request)
    if text is None or endpoint.route.method != "POST" or app.actor.share_id is not None:
        return await answer()
    if not _KEY.fullmatch(text):
        raise invalid({HEADER: ["must be 1 to 255 characters of ASCII, without spaces"]})
    policies.permit(app.actor, endpoint.noun, endpoint.verb)
    key, scope, asked_of = Key(text), request.scope, app.actor.workspace_id
    if app.actor.role == "guest":
        app = await actors.home(app)
    asked = key.request(scope["raw_path"], scope["query_string"], await request.body(), b"%d" % asked_of)
    claim = await idempotency.claim(app, key, asked)
    if claim is None:
        return _again(await _first(app, key, asked))
    return await _carried_out(request, app, key, claim, answer)


async def _carried_out(
    request: Request[Any, Any, Any], app: App, key: Key, claim: int, answer: Answer
) -> Response[bytes]:
    """Faults and refusals of the moment are not kept, so that the request may be sent again."""
    try:
        said = await answer()
    except SavantError as error:
        said = failures.expected(request, error)
    except Exception:  # raised again: a fault of ours must not be the answer that is kept for this key
        await idempotency.release(app, claim)
        raise
    status = said.status_code or 200
    if status >= 500 or status == 429:
        await idempotency.release(app, claim)
    else:
        await idempotency.keep(app, claim, key, Answered(status, said.content, said.headers.get("ETag")))
    return said


async def _first(app: App, key: Key, asked: str) -> Answered:
    """The first answer, awaited for a while; CONFLICT where it does not come."""
    for _ in range(round(WAIT_SECONDS / _LOOK_SECONDS)):
        if (found := await idempotency.first_answer(app, key, asked)) is not None:
            return found
        await asyncio.sleep(_LOOK_SECONDS)
    message = "The first request with this key is not answered yet, or nobody knows what it came to."
    raise SavantError(ErrorCode.CONFLICT, message, hint="Look whether it was done; send it with another key if not.")


def _again(first: Answered) -> Response[bytes]:
    headers = {REPEATED: "true"} | ({"ETag": first.etag} if first.etag else {})
    return Response(first.body, status_code=first.status, media_type=JSON, headers=headers)
