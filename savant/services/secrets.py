"""Secrets: the verbs. None of them gives a value back; see `vaults` for what runs are given."""

from __future__ import annotations

import builtins

from sqlalchemy import select

from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.secret import Secret as Row
from savant.schemas.secrets import Secret, SecretSet
from savant.services import master_keys, records
from savant.services.app import App


async def list(work: Reading) -> builtins.list[Secret]:
    """All of them by name, without their values."""
    return [_shown(row) for row in await work.session.scalars(select(Row).order_by(Row.name))]


async def set(app: App, set: SecretSet) -> Secret:
    """Seal a value under a name; what was there before is gone."""
    keyring = await master_keys.to_seal(app.settings)
    async with app.work() as work:
        row = await work.session.scalar(select(Row).where(Row.name == set.name).with_for_update())
        if row is None:
            row = Row(name=set.name)
            work.session.add(row)
        row.key_id, row.sealed = keyring.seal(set.value, work.actor.workspace_id, set.name)
        records.stamp(work, row)
        await work.session.flush()
        return _shown(row)


async def delete(work: UnitOfWork, ref: str) -> None:
    """Forget a secret; runs that name it fail from now on."""
    row = await work.session.scalar(select(Row).where(Row.name == ref))
    if row is None:
        hint = "`savant secrets list` shows what there is."
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no secret `{ref}`.", hint=hint)
    await work.session.delete(row)


def _shown(row: Row) -> Secret:
    return Secret(name=row.name, key_id=row.key_id, created_at=row.created_at, updated_at=row.updated_at)
