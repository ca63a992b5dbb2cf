"""Where in which run something happens, for tools that keep where their data is from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NamedTuple


class Origin(NamedTuple):
    """The step of a run being done, and the agent it belongs to, if there is one."""

    run_id: int
    path: str
    agent: str | None


_origin: ContextVar[Origin | None] = ContextVar("savant_origin", default=None)


def origin() -> Origin | None:
    """The innermost step being done here; None outside of runs."""
    return _origin.get()


async def done_at(here: Origin, do: Callable[[], Awaitable[Any]]) -> Any:
    """What `do` gives, done with this origin."""
    token = _origin.set(here)
    try:
        return await do()
    finally:
        _origin.reset(token)
