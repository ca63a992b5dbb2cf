"""Files against the workspace: what applying them changes, in an order in which every reference is there."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec
from sqlalchemy import select

from savant.database.work import UnitOfWork
from savant.models.agent import Agent
from savant.models.persona import Persona
from savant.models.ruleset import Ruleset
from savant.models.workflow import Workflow
from savant.schemas.plans import Apply, Change, Kind, Plan
from savant.schemas.programs import Bundle
from savant.services import agents, personas, rulesets, workflows

_IN_ORDER: list[tuple[Kind, type[Any], ModuleType]] = [
    ("persona", Persona, personas),
    ("ruleset", Ruleset, rulesets),
    ("agent", Agent, agents),
    ("workflow", Workflow, workflows),
]


async def apply(work: UnitOfWork, apply: Apply) -> Plan:
    """Bring the workspace to what the files say; with `dry_run`, only say what that would change."""
    changes: list[Change] = []
    for kind, model, service in _IN_ORDER:
        wanted = definitions(apply.bundle, kind)
        stored = await _stored(work, kind, model, service)
        for slug, definition in wanted.items():
            changes.append(_change(kind, slug, definition, stored.get(slug)))
        if apply.prune:
            changes += [Change(kind=kind, slug=slug, action="delete") for slug in stored.keys() - wanted.keys()]
    if not apply.dry_run:
        await _carry_out(work, apply.bundle, changes)
    return Plan(changes=changes, applied=not apply.dry_run)


def definitions(bundle: Bundle, kind: Kind) -> dict[str, Any]:
    """A bundle's definitions of one kind, by slug."""
    return getattr(bundle, f"{kind}s")


async def _stored(work: UnitOfWork, kind: Kind, model: type[Any], service: ModuleType) -> dict[str, Any]:
    rows = (await work.session.scalars(select(model))).all()
    if kind == "agent":
        return {row.slug: await service.definition(work, row) for row in rows}
    return {row.slug: service.definition(row) for row in rows}


def _change(kind: Kind, slug: str, wanted: Any, stored: Any) -> Change:
    if stored is None:
        return Change(kind=kind, slug=slug, action="create")
    now, then = msgspec.to_builtins(wanted), msgspec.to_builtins(stored)
    changed = [name for name in now if name != "slug" and now[name] != then.get(name)]
    return Change(kind=kind, slug=slug, action="update" if changed else "unchanged", changed=changed)


async def _carry_out(work: UnitOfWork, bundle: Bundle, changes: list[Change]) -> None:
    services = {kind: service for kind, _, service in _IN_ORDER}
    for change in changes:
        service: Any = services[change.kind]
        definition: Any = definitions(bundle, change.kind).get(change.slug)
        match change.action:
            case "create":
                stored = await service.create(work, msgspec.structs.replace(definition, slug=change.slug))
                change.version = getattr(stored, "version", None)
            case "update":
                stored = await service.replace(work, change.slug, definition)
                change.version = getattr(stored, "version", None)
            case "delete" | "unchanged":
                pass
    for change in reversed(changes):
        if change.action == "delete":
            await services[change.kind].delete(work, change.slug)
