"""Files against the workspace: what applying them changes, in an order in which every reference is there."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec

from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.schemas.base import Slug
from savant.schemas.plans import Apply, Change, Kind, Plan
from savant.schemas.programs import Bundle
from savant.services import agents, personas, rulesets, workflows

_IN_ORDER: dict[Kind, ModuleType] = {
    "persona": personas, "ruleset": rulesets, "agent": agents, "workflow": workflows
}  # fmt: skip


async def apply(work: UnitOfWork, apply: Apply) -> Plan:
    """Bring the workspace to what the files say; with `dry_run`, only say what that would change."""
    changes: list[Change] = []
    for kind, service in _IN_ORDER.items():
        wanted = definitions(apply.bundle, kind)
        stored = await service.definitions(work)
        for slug, definition in wanted.items():
            _check(slug)
            changes.append(_change(kind, slug, definition, stored.get(slug)))
        if apply.prune:
            changes += [Change(kind=kind, slug=slug, action="delete") for slug in stored.keys() - wanted.keys()]
    if not apply.dry_run:
        await _carry_out(work, apply.bundle, changes)
    return Plan(changes=changes, applied=not apply.dry_run)


def definitions(bundle: Bundle, kind: Kind) -> dict[str, Any]:
    """A bundle's definitions of one kind, by slug."""
    return getattr(bundle, f"{kind}s")


def _check(slug: str) -> None:
    """VALIDATION_ERROR for a name that no stored definition could have."""
    try:
        msgspec.convert(slug, Slug)
    except msgspec.ValidationError:
        raise SavantError(ErrorCode.VALIDATION, f"`{slug}` is not a slug.", hint="Use a-z, 0-9 and -.") from None


def _change(kind: Kind, slug: str, wanted: Any, stored: Any) -> Change:
    if stored is None:
        return Change(kind=kind, slug=slug, action="create")
    now, then = msgspec.to_builtins(wanted), msgspec.to_builtins(stored)
    changed = [name for name in now if name != "slug" and now[name] != then.get(name)]
    return Change(kind=kind, slug=slug, action="update" if changed else "unchanged", changed=changed)


async def _carry_out(work: UnitOfWork, bundle: Bundle, changes: list[Change]) -> None:
    for change in changes:
        service: Any = _IN_ORDER[change.kind]
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
            await _IN_ORDER[change.kind].delete(work, change.slug)
