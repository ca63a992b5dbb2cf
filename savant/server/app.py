"""The server as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar

from savant.server import auth, failures, requests, v1
from savant.server.handling import handler
from savant.services.app import App

Opening = Callable[[], AbstractAsyncContextManager[App]]


def create_app(opening: Opening, *, handlers: Sequence[Any] = (), middleware: Sequence[Any] = ()) -> Litestar:
    """Serve the installation that `opening` opens; `handlers` are what else is at its door, guarded like the rest."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None, None]:
        async with opening() as opened:
            app.state.app = opened
            yield

    return Litestar(
        route_handlers=[*map(handler, v1.ENDPOINTS), *handlers],
        guards=[auth.signed_in],
        lifespan=[lifespan],
        exception_handlers=failures.HANDLERS,
        before_send=[requests.stamp],
        middleware=middleware,
        openapi_config=None,
        logging_config=None,
    )
