"""Tools of a workspace, and those of the system that it installs."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from savant.client import Client
from savant.database.connect import Database
from savant.errors import ErrorCode, SavantError
from savant.models.tool import Tool as Row
from savant.schemas.tools import ToolCreate, ToolUpdate

SCHEMA = {"type": "object", "properties": {"issue": {"type": "string"}}}


@pytest.fixture
async def jira(superuser: Database) -> None:
    """A tool of the system."""
    async with AsyncSession(superuser.engine) as session:
        session.add(Row(name="Jira", slug="jira", schema=SCHEMA, engine="jira", visibility="public", published=True))
        await session.commit()


async def test_a_tool_is_made_changed_and_removed(client: Client) -> None:
    made = await client.tools.create(ToolCreate(name="Our tickets", schema=SCHEMA, description="Looks up a ticket."))
    assert (made.slug, made.engine, made.version) == ("our-tickets", "custom", "1.0.0")
    assert made.workspace_id is not None
    assert await client.tools.get("our-tickets") == made
    changed = await client.tools.update("our-tickets", ToolUpdate(version="1.1.0", published=True, description=None))
    assert (changed.version, changed.published, changed.description, changed.schema) == ("1.1.0", True, None, SCHEMA)
    await client.tools.delete("our-tickets")
    assert (await client.tools.list()).items == []


async def test_what_is_no_schema_and_a_slug_that_is_taken_are_refused(client: Client) -> None:
    with pytest.raises(SavantError) as refused:
        await client.tools.create(ToolCreate(name="A", schema={"type": "nonsense"}))
    assert refused.value.code is ErrorCode.INVALID_DEFINITION
    await client.tools.create(ToolCreate(name="A", schema=SCHEMA))
    with pytest.raises(SavantError) as refused:
        await client.tools.create(ToolCreate(name="A", schema=SCHEMA))
    assert refused.value.code is ErrorCode.CONFLICT


async def test_a_tool_of_the_system_is_installed_and_is_then_ones_own(client: Client, jira: None) -> None:
    system = await client.tools.get("jira")
    assert system.workspace_id is None
    with pytest.raises(SavantError) as refused:
        await client.tools.update("jira", ToolUpdate(name="Mine"))
    assert refused.value.code is ErrorCode.FORBIDDEN
    mine = await client.tools.install("jira")
    assert (mine.slug, mine.schema, mine.engine, mine.visibility) == ("jira", SCHEMA, "jira", "team")
    assert [tool.id for tool in (await client.tools.list()).items] == [mine.id]
    assert (await client.tools.update("jira", ToolUpdate(name="Ours"))).name == "Ours"
    with pytest.raises(SavantError) as refused:
        await client.tools.install("jira")
    assert refused.value.code is ErrorCode.CONFLICT
    await client.tools.delete("jira")
    assert await client.tools.get("jira") == system


async def test_what_is_not_of_the_system_is_not_installed(client: Client) -> None:
    with pytest.raises(SavantError) as refused:
        await client.tools.install("nothing")
    assert refused.value.code is ErrorCode.NOT_FOUND
    await client.tools.create(ToolCreate(name="A", schema=SCHEMA))
    with pytest.raises(SavantError) as refused:
        await client.tools.install("a")
    assert refused.value.code is ErrorCode.CONFLICT
