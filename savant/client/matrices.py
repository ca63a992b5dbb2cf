"""Several forks of one run: every combination of what is changed, some times each, and what came of them."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from savant.client.client import Client
from savant.errors import ErrorCode, SavantError
from savant.runtime.workflows.parallel import run_all
from savant.schemas.replays import Change, Combination, Measured, RunFork, Spread
from savant.schemas.runs import Run

MANY = 200
# Where a comma parts two values; elsewhere it may well be text, and `--set` is given twice.
_LISTED = ("model", "llm_model", "slm_model", "max_steps", "temperature", "token_budget", "budget_usd", "tool_mode")


def combinations(settings: Sequence[str], times: int) -> list[list[Change]]:
    """Every combination of `path=value` settings; a path given twice, or a list of models, has several values."""
    values: dict[str, list[str]] = {}
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals or not path:
            raise SavantError(ErrorCode.USAGE, f"`--set {setting}` is not PATH=VALUE.")
        listed = value.split(",") if path.rpartition(".")[2] in _LISTED else [value]
        values.setdefault(path, []).extend(each.strip() if len(listed) > 1 else each for each in listed)
    found = [
        [Change(path=path, value=value) for path, value in zip(values, chosen, strict=True)]
        for chosen in itertools.product(*values.values())
    ]
    if times < 1 or len(found) * times > MANY:
        raise SavantError(
            ErrorCode.USAGE, f"That would be {len(found) * times} runs.", hint=f"At least one, and at most {MANY}."
        )
    return found


async def carried_out(
    client: Client,
    id: int,
    at: str,
    chosen: Sequence[Sequence[Change]],
    parallel: int,
    ended: Callable[[Run, Sequence[Change]], None],
) -> list[Measured]:
    """Fork the run with each of the changes, at most `parallel` at once; `ended` is told of each as it ends.

    The first that cannot be started stops those that are under way, and is raised.
    """

    async def one(changes: Sequence[Change]) -> Measured:
        run = await client.runs.fork(id, RunFork(at=at, changes=list(changes)))
        async for _ in client.runs.follow(run.id):
            pass
        run = await client.runs.get(run.id)
        ended(run, changes)
        return await measured(client, run, changes)

    return await run_all([partial(one, changes) for changes in chosen], parallel)


async def measured(client: Client, run: Run, changes: Sequence[Change]) -> Measured:
    """What a fork did by itself: the steps it began with are not counted."""
    steps = [step for step in await client.runs.steps(run.id) if step.started_at and step.started_at >= run.created_at]
    costs = [step.cost_usd for step in steps if step.cost_usd is not None]
    return Measured(
        run_id=run.id,
        settings={change.path: change.value for change in changes},
        status=run.status,
        error_code=run.error_code,
        steps=len(steps),
        cost_usd=sum(costs) if costs else None,
        duration_ms=run.duration_ms,
    )


def table(runs: Sequence[Measured]) -> list[Combination]:
    """One row for each combination, in the order they came."""
    groups: dict[tuple[tuple[str, str], ...], list[Measured]] = {}
    for run in runs:
        groups.setdefault(tuple(run.settings.items()), []).append(run)
    return [
        Combination(
            settings=dict(settings),
            runs=len(group),
            outcomes=dict(Counter(run.error_code or run.status for run in group)),
            cost_usd=_spread([run.cost_usd for run in group]),
            steps=_spread([run.steps for run in group]),
            duration_ms=_spread([run.duration_ms for run in group]),
        )
        for settings, group in groups.items()
    ]


def _spread(values: Sequence[float | None]) -> Spread | None:
    known = [float(value) for value in values if value is not None]
    if not known:
        return None
    deviation = statistics.stdev(known) if len(known) > 1 else 0.0
    return Spread(least=min(known), most=max(known), mean=statistics.fmean(known), deviation=deviation)
