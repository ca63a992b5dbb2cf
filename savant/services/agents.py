"""Agents: the verbs."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete as delete_rows
from sqlalchemy import select

from savant import clock
from savant.database.looks import AnySelect
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.agent import Agent as Row
from savant.models.agent_ruleset import AgentRuleset
from savant.models.persona import Persona
from savant.models.ruleset import Ruleset
from savant.schemas.agents import Agent, AgentDefinition
from savant.services import records
from savant.services.listings import Fields, Listing
from savant.services.stored import Stored


async def _fill(work: UnitOfWork, row: Row, wanted: AgentDefinition) -> None:
    held = (await _persona_slugs(work, [row])).get(row.persona_id or 0)
    row.persona_id = await _persona_id(work, wanted.persona, held)
    row.driver_prompt = wanted.driver_prompt
    row.tools = msgspec.to_builtins(wanted.tools)
    row.config = msgspec.to_builtins(wanted.config)
    row.output_schema = wanted.output_schema
    row.delegates = wanted.delegates
    work.session.add(row)
    await work.session.flush()
    await _set_rulesets(work, row, wanted.rulesets)


async def _persona_id(work: UnitOfWork, slug: str | None, held: str | None) -> int | None:
    """The persona that is named; the one the agent has already stays, whether or not who changes it may read it."""
    return None if slug is None else (await records.find(work, Persona, "persona", slug, part=slug == held)).id


async def _set_rulesets(work: UnitOfWork, row: Row, slugs: Sequence[str]) -> None:
    held = (await _ruleset_slugs(work, [row])).get(row.id, [])
    if len(set(slugs)) != len(slugs):
        raise SavantError(ErrorCode.VALIDATION, f"Agent `{row.slug}` names a ruleset twice.", hint="Name each once.")
    if held == [*slugs]:
        return
    await work.session.execute(delete_rows(AgentRuleset).where(AgentRuleset.agent_id == row.id))
    for priority, slug in enumerate(slugs):
        ruleset = await records.find(work, Ruleset, "ruleset", slug, part=slug in held)
        work.session.add(
            AgentRuleset(agent_id=row.id, ruleset_id=ruleset.id, priority=priority, created_at=clock.now())
        )


async def _show(work: Reading, rows: Sequence[Row]) -> Sequence[Agent]:
    if not rows:
        return []
    personas = await _persona_slugs(work, rows)
    rulesets = await _ruleset_slugs(work, rows)
    return [_agent(row, personas.get(row.persona_id or 0), rulesets.get(row.id, [])) for row in rows]


async def _define(work: Reading, row: Row) -> AgentDefinition:
    agent = (await _show(work, [row]))[0]
    return AgentDefinition(**{name: getattr(agent, name) for name in AgentDefinition.__struct_fields__})


async def _persona_slugs(work: Reading, rows: Sequence[Row]) -> Mapping[int, str]:
    ids = {row.persona_id for row in rows if row.persona_id is not None}
    if not ids:
        return {}
    found = await work.session.execute(select(Persona.id, Persona.slug).where(Persona.id.in_(ids)))
    return dict(found.all())


async def _ruleset_slugs(work: Reading, rows: Sequence[Row]) -> Mapping[int, builtins.list[str]]:
    return _by_agent((await work.session.execute(_rulesets_of([row.id for row in rows]))).all())


def _rulesets_of(agents: Any) -> AnySelect:
    """The rulesets of agents, whose numbers are a list or a statement of its own."""
    return (
        select(AgentRuleset.agent_id, Ruleset.slug)
        .join(Ruleset, Ruleset.id == AgentRuleset.ruleset_id)
        .where(AgentRuleset.agent_id.in_(agents))
        .order_by(AgentRuleset.agent_id, AgentRuleset.priority)
    )


def _by_agent(found: Sequence[Sequence[Any]]) -> Mapping[int, builtins.list[str]]:
    slugs: dict[int, builtins.list[str]] = {}
    for agent_id, slug in found:
        slugs.setdefault(agent_id, []).append(slug)
    return slugs


def _agent(row: Row, persona: str | None, rulesets: Sequence[str]) -> Agent:
    fields = {name: getattr(row, name) for name in Agent.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**fields, "persona": persona, "rulesets": [*rulesets]}, Agent)


def _with_persona(statement: AnySelect) -> AnySelect:
    return statement.add_columns(Persona.slug.label("persona")).outerjoin(Persona, Persona.id == Row.persona_id)


def _listed(rows: Sequence[Fields], found: Sequence[Sequence[Any]]) -> builtins.list[Agent]:
    rulesets = _by_agent(found)
    for row in rows:
        row["rulesets"] = rulesets.get(row["id"], [])
    return msgspec.convert(rows, builtins.list[Agent])


_listing = Listing("agent", Row, Agent, show=_listed, widen=_with_persona, beside=lambda page: [_rulesets_of(page)])
_stored = Stored("agent", Row, _listing, fill=_fill, show=_show, define=_define)
list, get, create, update = _stored.list, _stored.get, _stored.create, _stored.update
replace, delete, definition, definitions = _stored.replace, _stored.delete, _stored.definition, _stored.definitions
