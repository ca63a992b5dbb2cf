"""Rulesets: the verbs."""

from __future__ import annotations

from typing import cast

import msgspec
from sqlalchemy import select

from savant.database.work import Reading, UnitOfWork
from savant.models.ruleset import Ruleset as Row
from savant.schemas.base import Page, Visibility
from savant.schemas.lists import ListQuery
from savant.schemas.rulesets import Rule, Ruleset, RulesetDefinition, RulesetUpdate
from savant.services import records


async def list(work: Reading, query: ListQuery) -> Page[Ruleset]:
    rows = (await work.session.scalars(records.listing(Row, query, select(Row)))).all()
    page, more = records.cut(rows, query.limit)
    return Page(items=[shown(row) for row in page], next_cursor=page[-1].slug if more else None)


async def get(work: Reading, ref: str) -> Ruleset:
    return shown(await records.find(work, Row, "ruleset", ref))


async def create(work: UnitOfWork, create: RulesetDefinition) -> Ruleset:
    slug = records.slug_of(create)
    await records.refuse_duplicate(work, Row, "ruleset", slug)
    row = Row(slug=slug)
    work.session.add(row)
    return await _save(work, row, create)


async def update(work: UnitOfWork, ref: str, update: RulesetUpdate) -> Ruleset:
    row = await records.find(work, Row, "ruleset", ref)
    return await _save(work, row, records.revised(definition(row), update))


async def replace(work: UnitOfWork, ref: str, definition: RulesetDefinition) -> Ruleset:
    return await _save(work, await records.find(work, Row, "ruleset", ref), definition)


async def delete(work: UnitOfWork, ref: str) -> None:
    await work.session.delete(await records.find(work, Row, "ruleset", ref))


async def _save(work: UnitOfWork, row: Row, wanted: RulesetDefinition) -> Ruleset:
    row.name = wanted.name
    row.description = wanted.description
    row.rules = msgspec.to_builtins(wanted.rules)
    row.visibility = wanted.visibility
    records.stamp(work, row)
    await work.session.flush()
    await records.keep_version(work, "ruleset", row.slug, definition(row))
    return shown(row)


def definition(row: Row) -> RulesetDefinition:
    """The definition a row holds."""
    return msgspec.convert(row, RulesetDefinition, from_attributes=True)


def shown(row: Row) -> Ruleset:
    rules = [Rule(text=rule) if isinstance(rule, str) else rule for rule in definition(row).rules]
    return Ruleset(
        id=row.id, slug=row.slug, name=row.name, description=row.description, rules=rules,
        visibility=cast(Visibility, row.visibility), created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip
