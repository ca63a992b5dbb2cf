"""The keys that seal secrets: made when first needed, and changed for the whole installation at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import select

from savant.crypto import Keyring, Sealed, key_id, new_key, read_keys
from savant.database.connect import Database
from savant.database.file_lock import file_lock
from savant.database.lookups import last_workspace
from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.secret import Secret
from savant.schemas.actors import Actor
from savant.schemas.secrets import KeyRotation
from savant.services.keystores import FILE, Keystore, keystore
from savant.settings import Settings

LOCK_SECONDS = 30.0


async def to_open(settings: Settings) -> Keyring:
    """The keys there are; INVALID_CONFIG where there are none."""
    text = await asyncio.to_thread(keystore(settings).read)
    if not text:
        raise SavantError(
            ErrorCode.INVALID_CONFIG,
            "The key that opens secrets is not here.",
            hint=f"Bring back {settings.home / FILE} or the setting `secret_keys`, or set the secrets again.",
        )
    return Keyring(read_keys(text))


async def to_seal(settings: Settings) -> Keyring:
    """The same; where there is no key yet, one is made."""
    store = keystore(settings)
    if not await asyncio.to_thread(store.read):
        async with _alone(settings):
            if not await asyncio.to_thread(store.read):
                await asyncio.to_thread(store.write, new_key())
    return await to_open(settings)


async def rotate(settings: Settings, forget: bool = False) -> KeyRotation:
    """Seal every secret of every workspace with a new key, or with the first of those in the settings.

    Older keys are kept, for backups and for what is running, unless they are to be forgotten.
    """
    store = keystore(settings)
    if forget and settings.secret_keys is not None:
        raise SavantError(ErrorCode.USAGE, "Older keys in the setting `secret_keys` are forgotten by taking them out.")
    async with _alone(settings), Database.open(settings.database) as database:
        if settings.secret_keys is None:
            older = await asyncio.to_thread(store.read)
            await asyncio.to_thread(store.write, " ".join([new_key(), *(older or "").split()]))
        keyring = await to_open(settings)
        rotation = KeyRotation(key_id=keyring.current, resealed=0)
        for workspace_id in range(1, await last_workspace(database) + 1):
            nobody = Actor(user_id=0, workspace_id=workspace_id, team_id=0, role="owner")
            async with database.work(nobody) as work:
                await _reseal(work, keyring, rotation)
        if forget:
            rotation.forgotten = await asyncio.to_thread(_forget, store, keyring.current)
    return rotation


async def _reseal(work: UnitOfWork, keyring: Keyring, rotation: KeyRotation) -> None:
    """One workspace's secrets; one that does not open is left as it is, and named."""
    rows = await work.session.scalars(select(Secret).where(Secret.key_id != keyring.current).with_for_update())
    for row in rows:
        identity = (work.actor.workspace_id, row.name)
        try:
            text = keyring.open(Sealed(row.key_id, row.sealed), *identity)
        except SavantError:
            rotation.unopened.append(row.name)
            continue
        row.key_id, row.sealed = keyring.seal(text, *identity)
        rotation.resealed += 1


def _forget(store: Keystore, current: str) -> list[str]:
    words = (store.read() or "").split()
    older = [key_id(key) for key in read_keys(" ".join(words[1:]))]
    store.write(words[0])
    return [id for id in older if id != current]


@asynccontextmanager
async def _alone(settings: Settings) -> AsyncGenerator[None, None]:
    settings.home.mkdir(parents=True, exist_ok=True)
    async with file_lock(settings.home / FILE, LOCK_SECONDS, "changing the keys of"):
        yield
