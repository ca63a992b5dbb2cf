"""What a person is told who waits for a server: that nobody does the work, or that others' work comes first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from savant.cli.door import Door
from savant.errors import SavantError

if TYPE_CHECKING:
    from savant.client import Client

SECONDS = 4.0
"""How long one waits without being told why."""
NO_WORKER = "No worker of the server lives. Start one on its side: savant worker"


@asynccontextmanager
async def told(door: Door, why: Callable[[], Awaitable[str | None]]) -> AsyncGenerator[None]:
    """While the block lasts, say why one waits as soon as it takes a while, and whenever that changes."""
    if door.settings.url is None or door.say.quiet:
        yield
        return
    telling = asyncio.create_task(_tell(door, why))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait({telling})


async def _tell(door: Door, why: Callable[[], Awaitable[str | None]]) -> None:
    said: str | None = None
    while True:
        await asyncio.sleep(SECONDS)
        with contextlib.suppress(SavantError):  # whoever waits is told what is wrong with the server by others
            if (reason := await why()) is not None and reason != said:
                door.say.warning(reason)
            said = reason


def of_run(client: Client, run_id: int) -> Callable[[], Awaitable[str | None]]:
    async def why() -> str | None:
        found = await client.jobs.status(run_id)
        match found.waits_for:
            case "worker":
                return f"Run {run_id} waits. {NO_WORKER}"
            case "slot":
                which = f"{found.taken} of {found.slots} runs of the workspace are under way"
                return f"Run {run_id} waits for one to end: {which} (savant runs list --status running)."
            case "turn":
                return f"Run {run_id} waits for its turn: the workers are busy."
            case None:
                return None

    return why


def of_index(client: Client, slug: str) -> Callable[[], Awaitable[str | None]]:
    async def why() -> str | None:
        if (await client.repositories.get(slug)).index_status != "pending":
            return None
        if (await client.jobs.status()).workers:
            return f"The index of `{slug}` waits for its turn: the workers are busy."
        return f"The index of `{slug}` waits. {NO_WORKER}"

    return why
