"""Rulesets through the client."""

from __future__ import annotations

from savant.client import Client
from savant.schemas.rulesets import Rule, RulesetCreate, RulesetUpdate


async def test_rules_are_kept_in_order_with_their_priorities(client: Client) -> None:
    rules: list[Rule | str] = [
        "Name things well.",
        Rule(text="No secrets.", id="secrets", priority=10, tags=["safety"]),
    ]
    made = await client.rulesets.create(RulesetCreate(name="House rules", rules=rules))
    assert made.rules == [Rule(text="Name things well."), rules[1]]
    assert await client.rulesets.get("house-rules") == made


async def test_only_what_is_given_changes(client: Client) -> None:
    await client.rulesets.create(RulesetCreate(name="House", rules=["a"], description="ours"))
    changed = await client.rulesets.update("house", RulesetUpdate(rules=["b", "c"]))
    assert [rule.text for rule in changed.rules] == ["b", "c"]
    assert changed.description == "ours"
    cleared = await client.rulesets.update("house", RulesetUpdate(description=None))
    assert cleared.description is None


async def test_a_ruleset_can_be_deleted(client: Client) -> None:
    await client.rulesets.create(RulesetCreate(name="House", rules=["a"]))
    await client.rulesets.delete("house")
    assert (await client.rulesets.list()).items == []
