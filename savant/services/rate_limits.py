"""How often one person, key or address may ask; the same for all processes of a server.

The database counts for all of them. A process has several requests counted at once and lets them in by itself, so that
most wait for nothing; what it does not use in the window is lost, and more than is allowed is never let in.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from savant import clock
from savant.database.connect import Database
from savant.database.rate_limits import hit
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor
from savant.services.app import App
from savant.telemetry import metrics

WINDOW = 60.0
MOST_AT_ONCE = 50
SHARE = 32
"""A process takes at most this part of what is left."""
MOST_NAMES = 10_000


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


class _Permits:
    """What this process may let in under one name before it has to ask again; `until` is when the window is over."""

    def __init__(self) -> None:
        self.asking = asyncio.Lock()
        self.until = 0.0
        self._left = 0
        self._counted = 0

    def take(self, most: int) -> bool:
        """Whether one was left; RATE_LIMITED where there will be none in this window."""
        left = self.until - clock.monotonic()
        if left <= 0:
            self._left = self._counted = 0
        elif self._left:
            self._left -= 1
            return True
        elif self._counted >= most:
            raise _refused(most, left)
        return False

    async def ask(self, database: Database, name: str, most: int) -> None:
        """Count several at once, the fewer the nearer the limit is, so that little is kept from other processes."""
        wanted = max(1, min(MOST_AT_ONCE, (most - self._counted) // SHARE)) if self._counted else 1
        began = clock.monotonic()
        hits = await hit(database, name, WINDOW, wanted)
        self.until = began + hits.seconds_left
        self._counted = hits.number
        self._left = max(0, wanted - max(0, hits.number - most))


_held: WeakKeyDictionary[Database, dict[str, _Permits]] = WeakKeyDictionary()


async def _count(app: App, name: str, most: int) -> None:
    if not most:
        return
    permits = _permits(app.database, name)
    try:
        if permits.take(most):
            return
        async with permits.asking:
            while not permits.take(most):
                await permits.ask(app.database, name, most)
    except SavantError as error:
        if error.code is ErrorCode.RATE_LIMITED:
            metrics.count("limited", limit=name.partition(":")[0])
        raise


def _permits(database: Database, name: str) -> _Permits:
    names = _held.setdefault(database, {})
    if (found := names.get(name)) is None:
        if len(names) >= MOST_NAMES:
            names.clear()  # what they held is lost, which lets in fewer and never more
        found = names[name] = _Permits()
    return found


def _refused(most: int, left: float) -> SavantError:
    seconds = max(1, round(left))
    return SavantError(
        ErrorCode.RATE_LIMITED,
        f"That was more than {most} requests in a minute.",
        hint=f"Try again in {seconds} s.",
        details={"retry_after": seconds},
    )
