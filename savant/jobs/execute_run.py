"""The job that carries out a run. It may arrive twice; the lease on the run's row lets one through."""

from __future__ import annotations

from savant import policies
from savant.errors import SavantError
from savant.schemas.runs import Run
from savant.services import actors, deltas, endings, executions, runs
from savant.services.app import App
from savant.telemetry import metrics


async def execute_run(app: App, run_id: int, listener: executions.Listener | None = None) -> Run:
    return await executions.execute(app, run_id, listener)


async def execute_queued_run(app: App, *, workspace_id: int, user_id: int | None, run_id: int) -> None:
    """In the name of who started it, with what they may now; interrupted, it goes back into the queue."""
    try:
        actor = await actors.actor_of_user(app, user_id or 0, workspace_id)
        policies.permit(actor, "runs", "start")
    except SavantError as refused:
        await _refuse(app, workspace_id, run_id, refused)
        return
    app = app.acting_as(actor)
    async with deltas.telling(app) as listener:
        run = await executions.execute(app, run_id, listener, handover=True)
    metrics.count("runs", status=run.status)


async def _refuse(app: App, workspace_id: int, run_id: int, refused: SavantError) -> None:
    """End a run whose owner may not have it any more."""
    steward = await actors.steward_of(app, workspace_id)
    if steward is None:
        return  # the workspace is gone, and the run with it
    async with app.acting_as(steward).work() as work:
        row = await runs.find(work, run_id, lock=True, whole=True)
        if row.status in ("pending", "running"):
            await endings.end(work, row, "failed", refused)
