"""What agents and workflows have in common over the API: they are executed, and have runs."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.database.work import Reading
from savant.errors import ErrorCode, SavantError
from savant.schemas.base import Page
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunCreate, RunExecute, RunList, RunsOf
from savant.services import actors, agents, executions, programs, runs, vaults, workflows
from savant.services.app import App
from savant.services.perform import perform


async def execute_agent(app: App, ref: str, execute: RunExecute) -> Run:
    return await _executed(app, RunCreate(type="agent", slug=ref, **_given(execute)))


async def execute_workflow(app: App, ref: str, execute: RunExecute) -> Run:
    return await _executed(app, RunCreate(type="workflow", slug=ref, **_given(execute)))


async def agent_runs(work: Reading, ref: str, query: RunsOf) -> Page[Run]:
    """The runs of an agent that is there, newest first."""
    await agents.get(work, ref)
    return await runs.list(work, RunList(type="agent", slug=ref, **_given(query)))


async def workflow_runs(work: Reading, ref: str, query: RunsOf) -> Page[Run]:
    """The runs of a workflow that is there, newest first."""
    await workflows.get(work, ref)
    return await runs.list(work, RunList(type="workflow", slug=ref, **_given(query)))


async def _executed(app: App, create: RunCreate) -> Run:
    """Run here; by a guest at home, with what it is made of taken along, and nothing else of this workspace."""
    if app.actor.role != "guest":
        return await executions.prepare(app, create)
    own = await actors.home(app)
    async with app.read() as work:
        bundle = (await programs.resolve(work, create)).bundle
    if vaults.named(bundle):
        message = f"The {create.type} `{create.slug}` asks for secrets, and those of others are not for it."
        raise SavantError(ErrorCode.FORBIDDEN, message, hint="Read it, and make one of your own of it.")
    return await perform(own, "runs", "start", create=msgspec.structs.replace(create, bundle=_as_ones_own(bundle)))


def _as_ones_own(bundle: Bundle) -> Bundle:
    """What one runs of others is not thereby for one's own team to see."""
    kinds = msgspec.structs.asdict(bundle)
    return Bundle(
        **{
            kind: {slug: msgspec.structs.replace(one, visibility="private") for slug, one in definitions.items()}
            for kind, definitions in kinds.items()
        }
    )


def _given(said: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(said)
