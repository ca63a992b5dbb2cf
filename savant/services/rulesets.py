"""Rulesets: the verbs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import msgspec

from savant.database.work import Reading, UnitOfWork
from savant.models.ruleset import Ruleset as Row
from savant.schemas.rulesets import Ruleset, RulesetDefinition
from savant.services.listings import Fields, Listing
from savant.services.stored import Stored


async def _fill(work: UnitOfWork, row: Row, wanted: RulesetDefinition) -> None:
    row.rules = msgspec.to_builtins(wanted.rules)
    work.session.add(row)


async def _show(work: Reading, rows: Sequence[Row]) -> Sequence[Ruleset]:
    return _shown([{name: getattr(row, name) for name in Ruleset.__struct_fields__} for row in rows])


def _shown(rows: Sequence[Fields]) -> builtins.list[Ruleset]:
    for row in rows:
        row["rules"] = [{"text": rule} if isinstance(rule, str) else rule for rule in row["rules"]]
    return msgspec.convert(rows, builtins.list[Ruleset])


async def _define(work: Reading, row: Row) -> RulesetDefinition:
    return msgspec.convert(row, RulesetDefinition, from_attributes=True)


_stored = Stored("ruleset", Row, Listing("ruleset", Row, Ruleset, show=_shown), fill=_fill, show=_show, define=_define)
list, get, create, update = _stored.list, _stored.get, _stored.create, _stored.update
replace, delete, definition, definitions = _stored.replace, _stored.delete, _stored.definition, _stored.definitions
