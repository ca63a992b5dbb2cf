"""The server as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.config.cors import CORSConfig

from savant.server import failures, limits, repeating, requests, signing, stopping, stream, v1
from savant.server.handling import described, handler
from savant.services import following
from savant.services.app import App

Opening = Callable[[], AbstractAsyncContextManager[App]]


def create_app(
    opening: Opening,
    *,
    handlers: Sequence[Any] = (),
    middleware: Sequence[Any] = (),
    origins: Sequence[str] = (),
    max_body: int = 10 * 1024 * 1024,
) -> Litestar:
    """Serve the installation that `opening` opens; `handlers` are what else is at its door, guarded like the rest.

    Pages of other `origins` may call it from a browser; a body of a request has at most `max_body` bytes.
    """

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None, None]:
        async with opening() as opened:
            app.state.app = opened
            try:
                with stopping.told(lambda: following.let_go(opened.database)):
                    yield
            finally:
                await following.close(opened.database)

    others = [*stream.HANDLERS, *signing.HANDLERS, *handlers]
    return Litestar(
        route_handlers=[*map(handler, v1.ENDPOINTS), described(v1.ENDPOINTS, others), *others],
        guards=[limits.within],
        lifespan=[lifespan],
        exception_handlers=failures.HANDLERS,
        before_send=[requests.stamp],
        middleware=middleware,
        cors_config=_cors(origins) if origins else None,
        request_max_body_size=max_body,
        openapi_config=None,
        logging_config=None,
    )


def _cors(origins: Sequence[str]) -> CORSConfig:
    """Keys may be sent from there, cookies may not."""
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", repeating.HEADER, "If-Match", "X-Savant-Workspace"],
        expose_headers=["ETag", repeating.REPEATED, requests.HEADER, "Retry-After"],
        allow_credentials=False,
    )
