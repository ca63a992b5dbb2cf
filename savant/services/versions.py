"""Versions of definitions: listed, looked at, gone back to."""

from __future__ import annotations

import builtins
from types import ModuleType
from typing import Any

import msgspec
from sqlalchemy import Select, and_, exists, or_, select

from savant import policies
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.agent import Agent
from savant.models.definition_version import DefinitionVersion as Row
from savant.models.workflow import Workflow
from savant.runtime.definitions.load import TYPES
from savant.schemas.plans import Kind
from savant.schemas.versions import Version
from savant.services import agents, personas, rulesets, shares, sharing, workflows

_SERVICES: dict[Kind, ModuleType] = {
    "agent": agents, "workflow": workflows, "persona": personas, "ruleset": rulesets
}  # fmt: skip


async def list(work: Reading, kind: Kind, slug: str) -> builtins.list[Version]:
    """All versions, the newest first, without their definitions; NOT_FOUND if there never was one."""
    rows = (await work.session.scalars(_versions(work, kind, slug).order_by(Row.version.desc()))).all()
    if not rows:
        raise _not_found(kind, slug)
    current = await _current(work, kind, slug)
    return [msgspec.structs.replace(_shown(row, current), definition={}) for row in rows]


async def get(work: Reading, kind: Kind, slug: str, version: int) -> Version:
    row = await work.session.scalar(_versions(work, kind, slug).where(Row.version == version))
    if row is None:
        hint = f"`savant {kind}s versions {slug}` shows what there is."
        raise SavantError(ErrorCode.NOT_FOUND, f"The {kind} `{slug}` has no version {version}.", hint=hint)
    return _shown(row, await _current(work, kind, slug))


async def rollback(work: UnitOfWork, kind: Kind, slug: str, version: int) -> Version:
    """Make an older version the stored one again; runs keep what they ran."""
    wanted = await get(work, kind, slug, version)
    definition = msgspec.convert(wanted.definition, TYPES[kind])
    service: Any = _SERVICES[kind]
    try:
        await service.replace(work, slug, definition)
    except SavantError as error:
        if error.code is not ErrorCode.NOT_FOUND or f"no {kind} `{slug}`" not in error.message:
            raise
        await service.create(work, msgspec.structs.replace(definition, slug=slug))
    return await get(work, kind, slug, version)


def _versions(work: Reading, kind: Kind, slug: str) -> Select[Row]:
    """The versions that the actor may read: of what is stored, those that were; of files, those they ran."""
    versions = select(Row).where(Row.kind == kind, Row.slug == slug)
    if policies.has_role(work.actor, "admin"):
        return versions
    model = shares.MODELS[kind]
    stored = exists().where(model.slug == slug, sharing.readable(work.actor, model, kind))
    return versions.where(or_(Row.created_by_id == work.actor.user_id, and_(Row.source == "workspace", stored)))


async def _current(work: Reading, kind: Kind, slug: str) -> int | None:
    """The version that is stored now; None for what is deleted, or was only ever run from a file."""
    model: Any = {"agent": Agent, "workflow": Workflow}.get(kind)
    if model is None:
        return None
    return await work.session.scalar(select(model.version).where(model.slug == slug))


def _not_found(kind: Kind, slug: str) -> SavantError:
    hint = f"`savant {kind}s list` shows what there is; a definition gets a version when it is stored or run."
    return SavantError(ErrorCode.NOT_FOUND, f"There is no version of a {kind} `{slug}`.", hint=hint)


def _shown(row: Row, current: int | None) -> Version:
    fields = {name: getattr(row, name) for name in Version.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**fields, "current": row.version == current}, Version)
