"""The secrets of a run, opened for it alone: no door reaches this."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sqlalchemy import select

from savant.crypto import Sealed
from savant.database.work import Reading
from savant.errors import SavantError
from savant.models.secret import Secret as Row
from savant.runtime.secrets import missing
from savant.schemas.programs import Bundle
from savant.services import master_keys
from savant.services.app import App


class StoredVault:
    """Those of the workspace that a program names, read and opened once, when the first is needed."""

    def __init__(self, app: App, names: Iterable[str]) -> None:
        self._app = app
        self._names = set(names)
        self._opening = asyncio.Lock()
        self._values: dict[str, str] | None = None

    async def values(self) -> dict[str, str]:
        async with self._opening:
            if self._values is None:
                self._values = await self._opened()
            return self._values

    async def _opened(self) -> dict[str, str]:
        async with self._app.read() as work:
            rows = (await work.session.scalars(select(Row).where(Row.name.in_(self._names)))).all()
        if not rows:
            return {}
        keyring = await master_keys.to_open(self._app.settings)
        values: dict[str, str] = {}
        for row in rows:
            try:
                values[row.name] = keyring.open(Sealed(row.key_id, row.sealed), row.workspace_id, row.name)
            except SavantError as error:
                message = f"The secret `{row.name}` cannot be opened. {error.message}"
                raise SavantError(error.code, message, hint=error.hint) from None
        return values


async def value(app: App, name: str) -> str:
    """One secret, for what Savant itself does with it; NOT_FOUND if it is not there."""
    values = await StoredVault(app, [name]).values()
    if name not in values:
        raise missing([name])
    return values[name]


def named(bundle: Bundle) -> set[str]:
    """The secrets that a program may come to need."""
    if not bundle.workflows:
        return set()
    # Imported here because a run of an agent needs nothing of workflows.
    from savant.runtime.workflows.secret_names import secrets_of

    return secrets_of(bundle)


async def absent(work: Reading, names: set[str]) -> set[str]:
    """Those of the names under which there is no secret."""
    if not names:
        return set()
    return names - set(await work.session.scalars(select(Row.name).where(Row.name.in_(names))))


async def require(work: Reading, names: set[str]) -> None:
    """Raise NOT_FOUND unless all of them are there."""
    if gone := await absent(work, names):
        raise missing(gone)
