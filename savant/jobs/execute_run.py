"""The job that carries out a run. It may arrive twice; the lease on the run's row lets one through."""

from __future__ import annotations

from savant.schemas.runs import Run
from savant.services import executions
from savant.services.app import App


async def execute_run(app: App, run_id: int, listener: executions.Listener | None = None) -> Run:
    return await executions.execute(app, run_id, listener)
