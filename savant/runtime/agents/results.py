"""Tool outputs that are too long to be shown: who can read them, and the digests in their place."""

from __future__ import annotations

from collections.abc import Sequence

from savant.runtime.agents.actions import Result
from savant.runtime.agents.calls import together
from savant.runtime.agents.condense import Condenser
from savant.runtime.agents.desk import Desk
from savant.runtime.agents.seats import Seat
from savant.runtime.blobs import canonical
from savant.runtime.llm.tokens import tokens

DIGEST = """\
{digest}
[This is a digest of {characters} characters. To read them: output.read with {{"step": "{step}", "offset": 0}}.]"""


def unreadable(results: Sequence[Result], seat: Seat) -> bool:
    """Whether one of them alone is more than the model can read."""
    return any(tokens(result.text) > seat.window for result in results)


async def fitting(
    results: Sequence[Result], seat: Seat, desk: Desk, condenser: Condenser, agent_path: str
) -> list[Result]:
    """The results with digests in the place of what is too long for one turn of `seat`; the journal keeps all of it."""
    sizes = [tokens(result.text) for result in results]
    share = seat.share
    if sum(sizes) <= share:
        return list(results)
    room = share // len(results)
    return await together(
        [
            _digest(result, room, desk, condenser, agent_path) if size > room else _as_is(result)
            for result, size in zip(results, sizes, strict=True)
        ]
    )


async def _as_is(result: Result) -> Result:
    return result


async def _digest(result: Result, room: int, desk: Desk, condenser: Condenser, agent_path: str) -> Result:
    call = f"{result.call.name} with {canonical(result.call.arguments).decode()[:2000]}"
    digest = await condenser.digest(result.text, call, room // 2, result.path)
    if not result.is_error:
        desk.offer_reading_on()
        step = result.path.removeprefix(f"{agent_path}/")
        digest = DIGEST.format(digest=digest, characters=f"{len(result.text):,}", step=step)
    return result._replace(text=digest)
