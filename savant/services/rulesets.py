"""Rulesets: the verbs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from savant.database.work import Reading, UnitOfWork
from savant.models.ruleset import Ruleset as Row
from savant.schemas.rulesets import Rule, Ruleset, RulesetDefinition
from savant.services.stored import Stored


async def _fill(work: UnitOfWork, row: Row, wanted: RulesetDefinition) -> None:
    row.rules = msgspec.to_builtins(wanted.rules)
    work.session.add(row)


async def _show(work: Reading, rows: Sequence[Row]) -> Sequence[Ruleset]:
    return [await _shown(work, row) for row in rows]


async def _shown(work: Reading, row: Row) -> Ruleset:
    fields = {name: getattr(row, name) for name in Ruleset.__struct_fields__}
    rules = [Rule(text=rule) if isinstance(rule, str) else rule for rule in (await _define(work, row)).rules]
    return msgspec.convert({**fields, "rules": rules}, Ruleset)


async def _define(work: Reading, row: Row) -> RulesetDefinition:
    return msgspec.convert(row, RulesetDefinition, from_attributes=True)


_stored = Stored("ruleset", Row, fill=_fill, show=_show, define=_define)
list, get, create, update = _stored.list, _stored.get, _stored.create, _stored.update
replace, delete, definition, definitions = _stored.replace, _stored.delete, _stored.definition, _stored.definitions
