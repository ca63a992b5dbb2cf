"""People in a workspace of others: whether there is anything for them, and what they run of it, in their own."""

from __future__ import annotations

from sqlalchemy import select

from savant.database import lookups
from savant.database.connect import Database
from savant.models.agent import Agent
from savant.models.persona import Persona
from savant.models.ruleset import Ruleset
from savant.models.workflow import Workflow
from savant.schemas.actors import Actor
from savant.services import sharing

MODELS = {"agent": Agent, "workflow": Workflow, "persona": Persona, "ruleset": Ruleset}


async def enter(database: Database, user_id: int, team: str, workspace: str) -> Actor | None:
    """A guest in the workspace if something there is public or shared with them, else None.

    As much is asked of the database where there is no such workspace, so that time does not tell.
    """
    found = await lookups.workspace(database, team, workspace)
    actor = Actor(user_id=user_id, workspace_id=found or 0, team_id=0, role="guest")
    seen = False
    async with database.read(actor) as work:
        for type, model in MODELS.items():
            open = select(model.id).where(
                sharing.readable(actor, model, type), model.workspace_id == actor.workspace_id
            )
            seen |= await work.session.scalar(open.limit(1)) is not None
    return actor if seen else None
