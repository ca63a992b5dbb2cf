"""A ruleset: rules an agent is given, in order."""

from __future__ import annotations

from datetime import datetime

import msgspec

from savant.schemas.base import Input, Name, Schema, Slug, Visibility


class Rule(Input):
    """One rule. `text` is what the model reads."""

    text: str
    id: str | None = None
    priority: int = 0
    tags: list[str] = []


class RulesetDefinition(Input):
    """The YAML of a ruleset (`.savant/rulesets/house.yaml`)."""

    name: Name
    rules: list[Rule | str]
    slug: Slug | None = None
    description: str | None = None
    visibility: Visibility = "private"


class RulesetCreate(RulesetDefinition):
    """What `rulesets.create` takes; the same as the definition."""


class RulesetUpdate(Input):
    """What `rulesets.update` takes; only what is given changes."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    rules: list[Rule | str] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET


class Ruleset(Schema):
    """A stored ruleset."""

    id: int
    slug: str
    name: str
    rules: list[Rule]
    description: str | None
    visibility: Visibility
    created_at: datetime
    updated_at: datetime
