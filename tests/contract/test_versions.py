"""Versions: what was saved can be seen, compared and gone back to, and runs name what they ran."""

from __future__ import annotations

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentCreate, AgentUpdate
from savant.schemas.programs import Bundle
from savant.schemas.runs import RunCreate
from savant.schemas.workflows import WorkflowCreate, WorkflowDefinition, WorkflowUpdate

pytestmark = pytest.mark.carried_out


async def three_versions(client: Client) -> None:
    await client.workflows.create(WorkflowCreate(name="W", slug="w", steps=[{"id": "a", "set": {"x": 1}}]))
    for number in (2, 3):
        await client.workflows.update("w", WorkflowUpdate(steps=[{"id": "a", "set": {"x": number}}]))


async def test_every_saved_change_is_a_version(client: Client) -> None:
    await three_versions(client)
    await client.workflows.update("w", WorkflowUpdate(name="W"))
    found = await client.versions.list("workflow", "w")
    assert [(each.version, each.current, each.source) for each in found] == [
        (3, True, "workspace"),
        (2, False, "workspace"),
        (1, False, "workspace"),
    ]
    second = await client.versions.get("workflow", "w", 2)
    assert second.definition["steps"] == [{"id": "a", "set": {"x": 2}}]


async def test_going_back_and_on(client: Client) -> None:
    await three_versions(client)
    assert (await client.versions.rollback("workflow", "w", 1)).current
    stored = await client.workflows.get("w")
    assert (stored.version, stored.definition.steps) == (1, [{"id": "a", "set": {"x": 1}}])
    await client.workflows.update("w", WorkflowUpdate(steps=[{"id": "a", "set": {"x": 4}}]))
    assert (await client.workflows.get("w")).version == 4


async def test_what_was_deleted_comes_back(client: Client) -> None:
    await client.agents.create(AgentCreate(name="A", slug="a"))
    await client.agents.update("a", AgentUpdate(driver_prompt="Be brief."))
    await client.agents.delete("a")
    assert [each.current for each in await client.versions.list("agent", "a")] == [False, False]
    await client.versions.rollback("agent", "a", 2)
    assert (await client.agents.get("a")).driver_prompt == "Be brief."


async def test_a_run_from_a_file_has_a_version_beside_the_stored_ones(client: Client) -> None:
    await three_versions(client)
    definition = WorkflowDefinition(name="W", steps=[{"id": "a", "set": {"x": 9}}])
    run = await client.runs.start(RunCreate(type="workflow", slug="w", bundle=Bundle(workflows={"w": definition})))
    async for _ in client.runs.follow(run.id):
        pass
    newest = (await client.versions.list("workflow", "w"))[0]
    assert (newest.version, newest.source, newest.current) == (4, "file", False)
    assert (await client.runs.program(run.id)).versions == {"workflow/w": 4}


async def test_what_never_was(client: Client) -> None:
    with pytest.raises(SavantError, match="no version of a workflow `w`"):
        await client.versions.list("workflow", "w")
    await three_versions(client)
    with pytest.raises(SavantError, match="no version 7") as unknown:
        await client.versions.rollback("workflow", "w", 7)
    assert unknown.value.code is ErrorCode.NOT_FOUND


async def test_a_stored_workflow_holds_its_graph(client: Client) -> None:
    await three_versions(client)
    graph = (await client.workflows.get("w")).graph
    assert [node["id"] for node in graph["nodes"]] == ["start", "a", "end"]
    assert [(edge["source"], edge["target"]) for edge in graph["edges"]] == [("start", "a"), ("a", "end")]
