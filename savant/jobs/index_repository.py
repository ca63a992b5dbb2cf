"""The job that indexes a repository; another that is at it already is waited for."""

from __future__ import annotations

from savant import policies
from savant.errors import ErrorCode, SavantError
from savant.services import actors, repositories
from savant.services.app import App


async def index_repository(app: App, *, workspace_id: int, user_id: int, ref: str, full: bool) -> None:
    """In the name of who asked for it, with what they may now; why it cannot be is written to the repository."""
    try:
        actor = await actors.actor_of_user(app, user_id, workspace_id)
        policies.permit(actor, "repositories", "index")
        await repositories.bring(app.acting_as(actor), ref, full=full)
    except SavantError as problem:
        if problem.code is ErrorCode.CONFLICT:
            raise
        if steward := await actors.steward_of(app, workspace_id):
            await repositories.index_failed(app.acting_as(steward), ref, problem)
