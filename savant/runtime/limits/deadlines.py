"""How long something may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from savant.errors import ErrorCode, SavantError


@asynccontextmanager
async def deadline(seconds: float | None, who: str) -> AsyncGenerator[None]:
    """End what happens inside after `seconds` (None: never) with TIMEOUT."""
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            yield
    except TimeoutError:
        if not timer.expired():
            raise
        raise SavantError(
            ErrorCode.TIMEOUT,
            f"{who} did not finish within {seconds:g} s.",
            hint="Raise `timeout` and resume the run; what it did is kept.",
        ) from None
