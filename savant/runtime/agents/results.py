"""Tool outputs that are too long to be shown: who can read them, and the digests in their place."""

from __future__ import annotations

from collections.abc import Sequence

from savant.runtime.agents.actions import Result
from savant.runtime.agents.calls import together
from savant.runtime.agents.condense import Condenser
from savant.runtime.agents.desk import Desk
from savant.runtime.blobs import canonical
from savant.runtime.llm.tokens import tokens

DIGEST = """\
{digest}
[This is a digest of {characters} characters. To read them: output.read with {{"step": "{step}", "offset": 0}}.]"""


async def fitting(results: Sequence[Result], desk: Desk, condenser: Condenser, agent_path: str) -> list[Result]:
    """The results with digests in the place of what is too long for one turn; the journal keeps all of it.

    An output that the small model could not read at all brings in the large one.
    """
    sizes = [tokens(result.text) for result in results]
    if desk.is_small and max(sizes, default=0) > desk.seat.window:
        desk.hand_over("a tool gave more than it can read")
    share = desk.seat.share
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
