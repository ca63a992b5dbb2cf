"""Agents through the client."""

from __future__ import annotations

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentConfig, AgentCreate, AgentUpdate, ToolPolicy
from savant.schemas.lists import ListQuery
from savant.schemas.personas import PersonaCreate
from savant.schemas.rulesets import RulesetCreate


@pytest.fixture(autouse=True)
async def references(client: Client) -> None:
    await client.personas.create(PersonaCreate(name="Engineer", instructions="You build."))
    for name in ("House", "Safety"):
        await client.rulesets.create(RulesetCreate(name=name, rules=[name]))


async def test_an_agent_keeps_all_it_is_given(client: Client) -> None:
    definition = AgentCreate(
        name="Reviewer",
        description="Reads changes.",
        persona="engineer",
        driver_prompt="Review.",
        rulesets=["safety", "house"],
        tools=ToolPolicy(allow=["git.*"], ask=["fs.write"], deny=["shell.*"]),
        config=AgentConfig(llm_model="openai/gpt-5", max_steps=7, temperature=0.2),
        output_schema={"type": "object"},
        tags=["review", "ci"],
        visibility="team",
    )
    made = await client.agents.create(definition)
    assert made.version == 1
    for field in AgentCreate.__struct_fields__:
        if field != "slug":
            assert getattr(made, field) == getattr(definition, field), field
    assert await client.agents.get("reviewer") == made
    assert (await client.agents.list()).items == [made]


async def test_versions_count_changes_and_not_saves(client: Client) -> None:
    await client.agents.create(AgentCreate(name="Reviewer"))
    same = await client.agents.update("reviewer", AgentUpdate(name="Reviewer"))
    assert same.version == 1
    changed = await client.agents.update("reviewer", AgentUpdate(driver_prompt="Look closely."))
    assert changed.version == 2
    back = await client.agents.update("reviewer", AgentUpdate(driver_prompt=None))
    assert back.version == 1, "the same definition is the same version"


async def test_references_must_exist(client: Client) -> None:
    with pytest.raises(SavantError, match=r"no persona `engineeer`.*Did you mean `engineer`"):
        await client.agents.create(AgentCreate(name="A", persona="engineeer"))
    with pytest.raises(SavantError, match=r"no ruleset `hose`.*Did you mean `house`"):
        await client.agents.create(AgentCreate(name="A", rulesets=["hose"]))
    assert (await client.agents.list()).items == []


async def test_a_persona_in_use_is_not_deleted(client: Client) -> None:
    await client.agents.create(AgentCreate(name="A", persona="engineer"))
    with pytest.raises(SavantError) as refused:
        await client.personas.delete("engineer")
    assert refused.value.code == ErrorCode.CONFLICT
    assert (await client.agents.get("a")).persona == "engineer"


async def test_agents_are_filtered_by_status_and_tag(client: Client) -> None:
    await client.agents.create(AgentCreate(name="A", tags=["ci"]))
    await client.agents.create(AgentCreate(name="B", tags=["docs"]))
    await client.agents.update("b", AgentUpdate(status="archived"))
    assert [agent.slug for agent in (await client.agents.list(ListQuery(status="archived"))).items] == ["b"]
    assert [agent.slug for agent in (await client.agents.list(ListQuery(tag="ci"))).items] == ["a"]
