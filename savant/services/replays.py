"""Reading recorded runs again: replayed, and compared with one another."""

from __future__ import annotations

from savant.database.work import Reading, UnitOfWork
from savant.runtime.replay.differences import difference
from savant.runtime.replay.divergences import parting
from savant.runtime.replay.replaying import Replayed
from savant.runtime.replay.replaying import replay as run_again
from savant.runtime.replay.substitutions import rebased
from savant.schemas.records import Record
from savant.schemas.replays import Replay, RunDiff, RunReplay
from savant.schemas.runs import Run
from savant.schemas.traces import Trace
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


async def export(work: Reading, id: int) -> Record:
    """The whole run."""
    return await recordings.load(work, id)


async def keep(work: UnitOfWork, record: Record, traces: list[Trace]) -> Run:
    """Write a run that was made elsewhere; it has a number of its own here, and what it was under way with is over."""
    return await recordings.keep(work, record, traces)


def shown(id: int, replayed: Replayed) -> Replay:
    """What came of a replay, to be said across a door."""
    return Replay(
        run_id=id,
        equal=replayed.equal,
        status=replayed.record.status,
        steps=len(replayed.record.steps),
        divergence=None if replayed.divergence is None else parting(replayed.divergence),
    )
