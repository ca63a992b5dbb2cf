"""How often one person, key or address may ask; the same for all processes of a server."""

from __future__ import annotations

from savant.database.rate_limits import hit
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor
from savant.services.app import App
from savant.telemetry import metrics

WINDOW = 60.0


async def known(app: App, actor: Actor) -> None:
    """Count a request of somebody who is known; RATE_LIMITED beyond what is allowed."""
    if actor.share_id is not None:
        name = f"share:{actor.share_id}"
    else:
        name = f"user:{actor.user_id}" if actor.api_key_id is None else f"key:{actor.api_key_id}"
    await _count(app, name, app.settings.server.requests_per_minute)


async def stranger(app: App, address: str | None) -> None:
    """Count a request from an address without a good key or session; RATE_LIMITED beyond what is allowed."""
    await _count(app, f"address:{address}", app.settings.server.strangers_per_minute)


async def _count(app: App, name: str, most: int) -> None:
    if not most:
        return
    hits = await hit(app.database, name, WINDOW)
    if hits.number > most:
        metrics.count("limited", limit=name.partition(":")[0])
        seconds = max(1, round(hits.seconds_left))
        raise SavantError(
            ErrorCode.RATE_LIMITED,
            f"That was more than {most} requests in a minute.",
            hint=f"Try again in {seconds} s.",
            details={"retry_after": seconds},
        )
