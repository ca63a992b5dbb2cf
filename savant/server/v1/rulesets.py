"""Rulesets over HTTP."""

from __future__ import annotations

from savant.schemas.rulesets import Ruleset, RulesetCreate, RulesetUpdate
from savant.server.v1.stored import Stored


class Rulesets(Stored[Ruleset, RulesetCreate, RulesetUpdate]): ...
