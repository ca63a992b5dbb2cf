"""The rules engine: the rulesets that there are, and the rules in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from savant.runtime.tools.engine import Engine, tool, tool_failed
from savant.runtime.tools.nearest import did_you_mean
from savant.schemas.rulesets import Rule, RulesetDefinition


class RulesetSummary(msgspec.Struct, kw_only=True):
    """A ruleset in a list, with the number of its rules."""

    slug: str
    name: str
    description: str | None
    count: int


class RulesetText(RulesetSummary, kw_only=True):
    """A ruleset with its rules, those of the highest priority first."""

    rules: list[Rule]


class Rules(Engine):
    """Reading the rulesets of a bundle, by slug."""

    name = "rules"

    def __init__(self, rulesets: Mapping[str, RulesetDefinition]) -> None:
        self._rulesets = rulesets

    @tool(effect="read")
    async def list_(self) -> tuple[RulesetSummary, ...]:
        """List the rulesets, by slug."""
        return tuple(
            RulesetSummary(slug=slug, name=ruleset.name, description=ruleset.description, count=len(ruleset.rules))
            for slug, ruleset in sorted(self._rulesets.items())
        )

    @tool(effect="read")
    async def get(self, *, slug: Annotated[str, Meta(description="As rules.list gives it")]) -> RulesetText:
        """Get the rules of a ruleset."""
        ruleset = self._rulesets.get(slug)
        if ruleset is None:
            raise tool_failed(f"There is no ruleset `{slug}`.", did_you_mean(slug, self._rulesets))
        rules = [Rule(text=rule) if isinstance(rule, str) else rule for rule in ruleset.rules]
        return RulesetText(
            slug=slug,
            name=ruleset.name,
            description=ruleset.description,
            count=len(rules),
            rules=sorted(rules, key=lambda rule: -rule.priority),
        )
