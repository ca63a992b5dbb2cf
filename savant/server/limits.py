"""Who asks too often is told so: people and keys by who they are, strangers by where they come from."""

from __future__ import annotations

from litestar.handlers import BaseRouteHandler

from savant.errors import ErrorCode, SavantError
from savant.server import auth
from savant.services import rate_limits

UNCOUNTED = "uncounted"


async def within(connection: auth.Connection, handler: BaseRouteHandler) -> None:
    """The guard of every handler: who they are, and how often they came."""
    app = auth.opened(connection)
    address = connection.client.host if connection.client else None
    if handler.opt.get(auth.OPEN):
        if not handler.opt.get(UNCOUNTED):
            await rate_limits.stranger(app, address)
        return
    try:
        await auth.signed_in(connection, handler)
    except SavantError as error:
        if error.code is ErrorCode.UNAUTHENTICATED:
            await rate_limits.stranger(app, address)
        raise
    await rate_limits.known(app, auth.actor_of(connection))
