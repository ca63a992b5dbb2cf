"""Reading recorded runs again: replayed, and compared with one another."""

from __future__ import annotations

from savant.database.work import Reading
from savant.runtime.journal import Divergence
from savant.runtime.replay.differences import difference
from savant.runtime.replay.replaying import Replayed
from savant.runtime.replay.replaying import replay as run_again
from savant.runtime.replay.substitutions import rebased
from savant.schemas.replays import Parting, Replay, RunDiff, RunReplay
from savant.services import recordings


async def replay(work: Reading, id: int, options: RunReplay) -> Replay:
    """Run the run's definition again, or a changed one, with every effect served from its record."""
    record = await recordings.load(work, id)
    replayed = await run_again(record, rebased(record.program, options.changed, options.others))
    return shown(id, replayed)


async def diff(work: Reading, id: int, other: int) -> RunDiff:
    """Two runs, aligned by path."""
    first, second = await recordings.load(work, id), await recordings.load(work, other)
    return await difference(first, second, (id, other))


def shown(id: int, replayed: Replayed) -> Replay:
    """What came of a replay, to be said across a door."""
    return Replay(
        run_id=id,
        equal=replayed.equal,
        status=replayed.record.status,
        steps=len(replayed.record.steps),
        divergence=None if replayed.divergence is None else parting(replayed.divergence),
    )


def parting(divergence: Divergence) -> Parting:
    details = divergence.details
    return Parting(
        what=details.get("what", "input"),
        path=details["path"],
        step_number=details.get("step_number"),
        message=divergence.message,
        difference=details.get("difference", ""),
        recorded=details["recorded"],
        current=details["current"],
    )
