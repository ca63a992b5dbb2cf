"""Workflows through the client."""

from __future__ import annotations

from savant.client import Client
from savant.schemas.workflows import WorkflowCreate, WorkflowInput, WorkflowUpdate

STEPS = [{"id": "status", "tool": "git.status"}]


async def test_a_workflow_keeps_its_program(client: Client) -> None:
    made = await client.workflows.create(
        WorkflowCreate(
            name="Review a change",
            steps=STEPS,
            inputs={"base": WorkflowInput(type="string", default="main")},
            outputs={"branch": "${{ steps.status.output.branch }}"},
            tags=["review"],
        )
    )
    assert made.slug == "review-a-change"
    assert made.definition.steps == STEPS
    assert made.definition.inputs["base"].default == "main"
    assert await client.workflows.get("review-a-change") == made


async def test_a_changed_program_is_a_new_version(client: Client) -> None:
    await client.workflows.create(WorkflowCreate(name="W", steps=STEPS))
    changed = await client.workflows.update("w", WorkflowUpdate(steps=[*STEPS, {"id": "stop", "fail": "no"}]))
    assert changed.version == 2
    paused = await client.workflows.update("w", WorkflowUpdate(status="paused"))
    assert (paused.version, paused.status) == (2, "paused")


async def test_a_workflow_can_be_deleted(client: Client) -> None:
    await client.workflows.create(WorkflowCreate(name="W", steps=STEPS))
    await client.workflows.delete("w")
    assert (await client.workflows.list()).items == []
