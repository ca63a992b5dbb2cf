"""The handler of an endpoint: read the arguments, make one call, put the result in its envelope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from savant.server import etags
from savant.server.arguments import arguments
from savant.server.auth import OPEN, acting
from savant.server.endpoints import Endpoint
from savant.server.envelope import JSON, answer, encode
from savant.server.openapi import DESCRIBED, document
from savant.server.repeating import once
from savant.server.requests import request_id
from savant.services.perform import perform

PREFIX = "/v1"


def handler(endpoint: Endpoint) -> HTTPRouteHandler:
    """What Litestar routes to."""

    async def answered(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = await arguments(endpoint, request)
        asked = etags.condition(endpoint, request, given)
        result = await perform(acting(request), endpoint.noun, endpoint.verb, given_that=asked, **given)
        said = answer(result, request_id(request.scope), endpoint.status)
        if endpoint.verb in etags.SHOWN:
            said.headers["ETag"] = etags.tag(result)
        return said

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await once(endpoint, request, lambda: answered(request))

    return HTTPRouteHandler(
        PREFIX + endpoint.route.path.replace("}", ":str}"),
        http_method=endpoint.route.method,
        status_code=200,  # the answer brings its own
        name=endpoint.name,
        include_in_schema=False,
    )(handle)


def described(endpoints: Sequence[Endpoint], aside: Sequence[Any] = ()) -> HTTPRouteHandler:
    """The description of the API, which anybody may read; it is written when it is first asked for.

    Handlers `aside` of the endpoints bring their own.
    """
    written: list[bytes] = []

    async def schema() -> Response[bytes]:
        if not written:
            written.append(encode(document([*endpoints, *_opened(aside)], _operations(aside))))
        return Response(written[0], media_type=JSON)

    return HTTPRouteHandler("/schema", http_method="GET", name="schema", opt={OPEN: True})(schema)


def _opened(aside: Sequence[Any]) -> list[Endpoint]:
    """Those of handlers that are described like endpoints."""
    said = [getattr(one, "opt", {}).get(DESCRIBED) for one in aside]
    return [one for one in said if isinstance(one, Endpoint)]


def _operations(aside: Sequence[Any]) -> dict[str, Any]:
    """What the others say of themselves, by path."""
    described = [one for one in aside if isinstance(getattr(one, "opt", {}).get(DESCRIBED), dict)]
    return {path.replace(":str}", "}"): {"get": one.opt[DESCRIBED]} for one in described for path in one.paths}
