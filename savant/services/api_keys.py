"""API keys: the verbs. A key is its person's; admins see and revoke everybody's."""

from __future__ import annotations

import builtins
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from savant import clock, policies
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.api_key import ApiKey as Row
from savant.schemas.keys import ApiKey, ApiKeyCreate
from savant.services import actors, memberships, tokens


async def list(work: Reading) -> builtins.list[ApiKey]:
    """Those that can still be used, or could be until they expired; the newest first."""
    rows = _visible(work).where(Row.revoked_at.is_(None)).order_by(Row.id.desc())
    return [_shown(row) for row in await work.session.scalars(rows)]


async def get(work: Reading, id: int) -> ApiKey:
    return _shown(await _find(work, id))


async def create(work: UnitOfWork, create: ApiKeyCreate) -> ApiKey:
    """A new key of the actor's in this workspace; a key makes none that may do more than itself."""
    for scope in create.scopes or (["*"] if create.scopes is None else []):
        _refuse_wider(work, scope)
    token = tokens.make_key()
    until = None if create.days is None else clock.now() + timedelta(days=create.days)
    row = Row(
        user_id=work.actor.user_id, name=create.name, prefix=token.prefix, key_hash=token.hash, scopes=create.scopes,
        expires_at=until,
    )  # fmt: skip
    work.session.add(row)
    await work.session.flush()
    return msgspec.structs.replace(_shown(row), key=token.text)


async def delete(work: UnitOfWork, id: int) -> None:
    """Revoke it; it stays in the table for whoever reads the audit log."""
    row = await _find(work, id)
    row.revoked_at = row.revoked_at or clock.now()
    actors.forget(work.database)


def _refuse_wider(work: Reading, scope: str) -> None:
    if scope != "*" and scope not in policies.scopes():
        hint = "`savant policies` shows what there is."
        raise SavantError(ErrorCode.VALIDATION, f"There is no scope `{scope}`.", hint=hint)
    held = work.actor.scopes
    if held is not None and not ("*" in held or scope in held or f"{scope.partition(':')[0]}:*" in held):
        raise SavantError(ErrorCode.FORBIDDEN, f"This key may not hand on `{scope}`, which it does not have.")


def _visible(work: Reading) -> Any:
    rows = select(Row)
    return rows if memberships.is_admin(work.actor) else rows.where(Row.user_id == work.actor.user_id)


async def _find(work: Reading, id: int) -> Row:
    row = await work.session.scalar(_visible(work).where(Row.id == id))
    if row is None:
        raise SavantError(
            ErrorCode.NOT_FOUND, f"There is no API key {id}.", hint="`savant keys list` shows what there is."
        )
    return row


def _shown(row: Row) -> ApiKey:
    return msgspec.convert(
        {name: getattr(row, name) for name in ApiKey.__struct_fields__ if hasattr(row, name)}, ApiKey
    )
