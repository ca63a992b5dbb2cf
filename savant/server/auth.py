"""Who asks: found out once a request, before any handler runs; only handlers that are marked `open` go without."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor
from savant.server import csrf
from savant.server.requests import request_id
from savant.services import actors
from savant.services.app import App

Connection = ASGIConnection[Any, Any, Any, Any]
OPEN = "open"
COOKIE = "savant_session"
_KEY = "savant_actor"


async def signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of every handler."""
    if not handler.opt.get(OPEN):
        connection.scope["state"][_KEY] = await authenticate(connection)


async def authenticate(connection: Connection) -> Actor:
    """The actor of a request, by API key, session or link; NOT_SIGNED_IN without a good one."""
    presented = credentials(connection)
    if presented.api_key is None and presented.session is not None:
        csrf.check(connection, presented.session, opened(connection).settings.server.public_url)
    return await actors.identify(opened(connection), presented)


def credentials(connection: Connection) -> actors.Credentials:
    """What the request shows of itself."""
    headers = connection.headers
    return actors.Credentials(
        api_key=_api_key(headers.get("authorization"), headers.get("x-api-key")),
        session=connection.cookies.get(COOKIE),
        share=headers.get("x-savant-share"),
        workspace=headers.get("x-savant-workspace"),
        request_id=request_id(connection.scope),
        ip_address=connection.client.host if connection.client else None,
        user_agent=headers.get("user-agent"),
    )


def actor_of(connection: Connection) -> Actor:
    """Who the guard found."""
    return connection.scope["state"][_KEY]


def acting(connection: Connection) -> App:
    """The installation, in the name of who asks."""
    return opened(connection).acting_as(actor_of(connection))


def opened(connection: Connection) -> App:
    """The installation that this server serves."""
    return connection.app.state.app


def _api_key(authorization: str | None, header: str | None) -> str | None:
    if authorization is None:
        return header
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise SavantError(
            ErrorCode.UNAUTHENTICATED,
            "The Authorization header cannot be used.",
            hint="Send: Authorization: Bearer KEY",
        )
    return token.strip()
