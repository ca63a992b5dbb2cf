"""What agents and workflows have in common over the API: they are executed, and have runs."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.database.work import Reading
from savant.schemas.base import Page
from savant.schemas.runs import Run, RunCreate, RunExecute, RunList, RunsOf
from savant.services import agents, executions, runs, workflows
from savant.services.app import App


async def execute_agent(app: App, ref: str, execute: RunExecute) -> Run:
    return await executions.prepare(app, RunCreate(type="agent", slug=ref, **_given(execute)))


async def execute_workflow(app: App, ref: str, execute: RunExecute) -> Run:
    return await executions.prepare(app, RunCreate(type="workflow", slug=ref, **_given(execute)))


async def agent_runs(work: Reading, ref: str, query: RunsOf) -> Page[Run]:
    """The runs of an agent that is there, newest first."""
    await agents.get(work, ref)
    return await runs.list(work, RunList(type="agent", slug=ref, **_given(query)))


async def workflow_runs(work: Reading, ref: str, query: RunsOf) -> Page[Run]:
    """The runs of a workflow that is there, newest first."""
    await workflows.get(work, ref)
    return await runs.list(work, RunList(type="workflow", slug=ref, **_given(query)))


def _given(said: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(said)
