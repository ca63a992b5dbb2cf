"""Shares: the verbs. Who may change everything about a row may share it."""

from __future__ import annotations

import builtins
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from savant import clock
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.agent import Agent
from savant.models.persona import Persona
from savant.models.ruleset import Ruleset
from savant.models.share import Share as Row
from savant.models.user import User
from savant.models.workflow import Workflow
from savant.schemas.shares import Share, Shareable, ShareCreate, ShareList
from savant.services import records, sharing, tokens

MODELS: dict[Shareable, Any] = {"agent": Agent, "workflow": Workflow, "persona": Persona, "ruleset": Ruleset}


async def list(work: Reading, query: ShareList) -> builtins.list[Share]:
    """Shares of what the actor can read, the newest first."""
    found: builtins.list[Share] = []
    for type, model in MODELS.items():
        if query.type in (None, type):
            rows = (
                select(Row, model.slug)
                .join(model, (model.id == Row.shareable_id) & (Row.shareable_type == type))
                .where(sharing.readable(work.actor, model, type))
            )
            rows = rows if query.ref is None else rows.where(model.slug == query.ref)
            found += [_shown(row, slug) for row, slug in await work.session.execute(rows)]
    return sorted(found, key=lambda share: -share.id)


async def create(work: UnitOfWork, create: ShareCreate) -> Share:
    target = await records.find(work, MODELS[create.type], create.type, create.ref)
    await sharing.permit(work, "manage", target, create.type)
    if (create.with_type == "user") != (create.email is not None):
        raise SavantError(ErrorCode.VALIDATION, "A share with a user, and no other, names their `email`.")
    if create.with_type in ("public", "link") and create.permission not in ("view", "execute"):
        raise SavantError(ErrorCode.VALIDATION, "What everybody or any link reaches may be viewed or run, not changed.")
    if create.with_type == "link" and create.permission != "view":
        hint = "Share it with a user, or make it `public`, which whoever is signed in may run."
        raise SavantError(ErrorCode.VALIDATION, "Whoever has a link may look, and not run: they are nobody.", hint=hint)
    token = tokens.make_secret() if create.with_type == "link" else None
    row = Row(
        shareable_type=create.type, shareable_id=target.id, permission=create.permission,
        shared_with_type=None if token else create.with_type, shared_with_id=await _whom(work, create),
        token=token.hash if token else None,
        expires_at=None if create.days is None else clock.now() + timedelta(days=create.days),
    )  # fmt: skip
    records.stamp(work, row)
    work.session.add(row)
    await work.session.flush()
    return msgspec.structs.replace(_shown(row, create.ref), token=token.text if token else None)


async def delete(work: UnitOfWork, id: int) -> None:
    """Take back what was shared."""
    row = await work.session.scalar(select(Row).where(Row.id == id))
    model = MODELS.get(row.shareable_type) if row is not None else None  # pyright: ignore[reportArgumentType]
    target = None
    if row is not None and model is not None:
        seen = sharing.readable(work.actor, model, row.shareable_type)
        target = await work.session.scalar(select(model).where(model.id == row.shareable_id, seen))
    if row is None or target is None:
        hint = "`savant shares list` shows what there is."
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no share {id}.", hint=hint)
    await sharing.permit(work, "manage", target, row.shareable_type)
    await work.session.delete(row)


async def _whom(work: Reading, create: ShareCreate) -> int | None:
    if create.with_type == "team":
        return work.actor.team_id
    if create.email is None:
        return None
    found = await work.session.scalar(select(User.id).where(User.email == create.email.lower()))
    if found is None:
        hint = "Invite them first: savant invitations create"
        raise SavantError(ErrorCode.NOT_FOUND, f"Nobody in this team has the address {create.email}.", hint=hint)
    return found


def _shown(row: Row, slug: str) -> Share:
    return Share(
        id=row.id, type=row.shareable_type, ref=slug, with_type=row.shared_with_type or "link",  # pyright: ignore[reportArgumentType]
        with_id=row.shared_with_id, permission=row.permission,  # pyright: ignore[reportArgumentType]
        expires_at=row.expires_at, created_by_id=row.created_by_id, created_at=row.created_at,
    )  # fmt: skip
