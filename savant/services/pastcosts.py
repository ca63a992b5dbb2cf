"""What past runs cost and how long they took, as a whole and by step."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select

from savant.database.work import Reading
from savant.models.run import Run
from savant.models.step import Step
from savant.schemas.previews import Range
from savant.schemas.programs import RunnableType

LATEST = 50  # runs are looked at; older ones say less about the next


async def of(work: Reading, type: RunnableType, slug: str) -> tuple[Range | None, Range | None, dict[str, Range]]:
    """The ranges of cost and of seconds of the completed runs of one name, and of cost by the step that caused it."""
    latest = (
        select(Run.id, Run.cost_usd, Run.duration_ms)
        .where(Run.runnable_type == type, Run.runnable_slug == slug, Run.status == "completed")
        .order_by(Run.id.desc())
        .limit(LATEST)
    )
    runs = (await work.session.execute(latest)).all()
    ids = [run.id for run in runs]
    costs = [run.cost_usd for run in runs if run.cost_usd is not None]
    seconds = [run.duration_ms / 1000 for run in runs if run.duration_ms is not None]
    return _range(costs), _range(seconds), await _by_step(work, ids)


async def _by_step(work: Reading, ids: Sequence[int]) -> dict[str, Range]:
    found = await work.session.execute(
        select(Step.run_id, Step.path, func.sum(Step.cost_usd).label("usd"))
        .where(Step.run_id.in_(ids), Step.cost_usd.is_not(None))
        .group_by(Step.run_id, Step.path)
    )
    sums: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in found:
        sums[_place(row.path)][row.run_id] += row.usd
    ranges = {place: _range([*by_run.values()]) for place, by_run in sums.items()}
    return {place: found for place, found in ranges.items() if found is not None}


def _place(path: str) -> str:
    """The step of the program that a model call was made for, whatever the item of a loop or the turn of an agent."""
    outer = re.split(r"/agent/", path, maxsplit=1)[0]
    return re.sub(r"\[\d+\]", "[]", outer)


def _range(values: Sequence[float]) -> Range | None:
    if not values:
        return None
    return Range(runs=len(values), least=min(values), median=statistics.median(values), most=max(values))
