"""The job that carries out a run. It may arrive twice; the lease on the run's row lets one through."""

from __future__ import annotations

from savant import policies
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run as Row
from savant.schemas.runs import Run
from savant.services import actors, deltas, endings, executions, leases
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
        await _end(app, workspace_id, run_id, refused, whoever=True)
        return
    app = app.acting_as(actor)
    try:
        async with deltas.telling(app) as listener:
            run = await executions.execute(app, run_id, listener, handover=True)
    except SavantError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        await _end(app, workspace_id, run_id, error)  # it was deleted, or is not theirs to see any more
        return
    metrics.count("runs", status=run.status)


async def give_up(app: App, error: Exception, *, workspace_id: int, run_id: int, **_: object) -> None:
    """End a run that no attempt could carry out, unless somebody is at it after all; its slot is the next one's."""
    if not isinstance(error, SavantError):
        error = SavantError(ErrorCode.UNEXPECTED, f"{type(error).__name__}: {error}", hint="To try again, resume it.")
    await _end(app, workspace_id, run_id, error)


async def _end(app: App, workspace_id: int, run_id: int, error: SavantError, *, whoever: bool = False) -> None:
    """End a run that is still to be carried out, or is; with `whoever`, even if another worker is at it."""
    steward = await actors.steward_of(app, workspace_id)
    if steward is None:
        return  # the workspace is gone, and the run with it
    async with app.acting_as(steward).work() as work:
        row = await work.session.get(Row, run_id, with_for_update=True)
        if row is None or row.status not in ("pending", "running"):
            return
        if whoever or row.lease_holder == leases.holder() or not await leases.going(work, row):
            await endings.end(work, row, "failed", error)
