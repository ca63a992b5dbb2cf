"""The job that makes room: everywhere, so many times a day, what is too old or too much goes."""

from __future__ import annotations

import logging

from savant.database import lookups
from savant.services import actors, audit_logs, idempotency, invitations, login_sessions, storage
from savant.services.app import App

CRON = "23 */6 * * *"
logger = logging.getLogger(__name__)


async def clean_up(app: App, *, timestamp: int) -> None:
    """Each workspace by itself: one that fails keeps no other from it. `timestamp` is when it was due."""
    for workspace_id in range(1, await lookups.last_workspace(app.database) + 1):
        try:
            await _clean(app, workspace_id)
        except Exception:  # whatever is wrong there, the others are cleaned
            logger.exception("A workspace was not cleaned up", extra={"workspace_id": workspace_id})
    await login_sessions.forget_old(app)


async def _clean(app: App, workspace_id: int) -> None:
    steward = await actors.steward_of(app, workspace_id)
    if steward is None:
        return
    here = app.acting_as(steward)
    async with here.work() as work:
        await idempotency.forget_old(work)
        await invitations.forget_old(work)
    async with here.work() as work:
        report = await storage.gc(work, await storage.budget(work, app.settings.server))
        if report.runs:
            await audit_logs.record(work, "storage", "gc", named={"runs": len(report.runs), "blobs": report.blobs})
