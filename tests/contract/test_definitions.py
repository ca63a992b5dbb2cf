"""Applying files to a workspace."""

from __future__ import annotations

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentDefinition
from savant.schemas.personas import PersonaCreate, PersonaDefinition
from savant.schemas.plans import Apply, Plan
from savant.schemas.programs import Bundle
from savant.schemas.rulesets import RulesetDefinition
from savant.schemas.workflows import WorkflowDefinition


def bundle(prompt: str = "Review.") -> Bundle:
    return Bundle(
        agents={
            "reviewer": AgentDefinition(name="Reviewer", persona="engineer", rulesets=["house"], driver_prompt=prompt)
        },
        personas={"engineer": PersonaDefinition(name="Engineer", instructions="You build.")},
        rulesets={"house": RulesetDefinition(name="House", rules=["Be kind."])},
        workflows={"w": WorkflowDefinition(name="W", steps=[{"id": "a", "tool": "git.status"}])},
    )


def actions(plan: Plan) -> dict[str, str]:
    return {f"{change.kind}/{change.slug}": change.action for change in plan.changes}


async def test_a_plan_says_what_would_change_and_changes_nothing(client: Client) -> None:
    plan = await client.definitions.apply(Apply(bundle=bundle(), dry_run=True))
    assert not plan.applied
    assert set(actions(plan).values()) == {"create"}
    assert (await client.agents.list()).items == []


async def test_applying_twice_changes_nothing_the_second_time(client: Client) -> None:
    first = await client.definitions.apply(Apply(bundle=bundle()))
    assert first.applied
    assert (await client.agents.get("reviewer")).rulesets == ["house"]
    second = await client.definitions.apply(Apply(bundle=bundle()))
    assert set(actions(second).values()) == {"unchanged"}
    assert (await client.agents.get("reviewer")).version == 1


async def test_a_changed_file_updates_its_row_alone(client: Client) -> None:
    await client.definitions.apply(Apply(bundle=bundle()))
    plan = await client.definitions.apply(Apply(bundle=bundle("Look twice.")))
    [update] = [change for change in plan.changes if change.action == "update"]
    assert (update.kind, update.slug, update.changed, update.version) == ("agent", "reviewer", ["driver_prompt"], 2)


async def test_nothing_is_deleted_unless_told(client: Client) -> None:
    await client.personas.create(PersonaCreate(name="Other", instructions="x"))
    kept = await client.definitions.apply(Apply(bundle=bundle()))
    assert "persona/other" not in actions(kept)
    pruned = await client.definitions.apply(Apply(bundle=bundle(), prune=True))
    assert actions(pruned)["persona/other"] == "delete"
    assert [persona.slug for persona in (await client.personas.list()).items] == ["engineer"]


async def test_a_broken_reference_applies_nothing(client: Client) -> None:
    broken = bundle()
    broken.agents["reviewer"].persona = "nobody"
    with pytest.raises(SavantError, match="no persona `nobody`"):
        await client.definitions.apply(Apply(bundle=broken))
    assert (await client.rulesets.list()).items == []


async def test_a_name_that_is_no_slug_is_refused(client: Client) -> None:
    wrong = Bundle(rulesets={"Not A Slug": RulesetDefinition(name="House", rules=[])})
    for dry_run in (True, False):
        with pytest.raises(SavantError, match="is not a slug") as refused:
            await client.definitions.apply(Apply(bundle=wrong, dry_run=dry_run))
        assert refused.value.code is ErrorCode.VALIDATION
