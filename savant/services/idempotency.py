"""A request that comes again is not carried out again: it gets the answer that it got first, for a day."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, update

from savant.crypto import Keyring, Sealed, key_id
from savant.database.insert import insert
from savant.database.work import UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.idempotency_key import IdempotencyKey as Row
from savant.services.app import App

KEPT = timedelta(hours=24)


class Key:
    """What the caller calls a request; their answers are sealed with it, since some tell a secret this once."""

    def __init__(self, text: str) -> None:
        self.hash = _digest(b"savant idempotency", text.encode())
        self._secret = hashlib.sha256(b"savant idempotency seal\0" + text.encode()).digest()
        self._keyring = Keyring([self._secret])

    def request(self, *parts: bytes) -> str:
        """A digest of a request, which tells nothing of it to who has not the key."""
        return _digest(self._secret, *parts)

    def seal(self, body: bytes, workspace_id: int) -> bytes:
        return self._keyring.seal(body.decode(), workspace_id, self.hash).data

    def open(self, sealed: bytes, workspace_id: int) -> bytes:
        return self._keyring.open(Sealed(key_id(self._secret), sealed), workspace_id, self.hash).encode()


class Answered(NamedTuple):
    """An answer as it was first given."""

    status: int
    body: bytes
    etag: str | None


async def claim(app: App, key: Key, request: str) -> int | None:
    """The number of the claim to carry out this request, None if somebody has it; what is a day old is forgotten."""
    async with app.work() as work:
        await forget_old(work)
        return await _claimed(work, key, request)


async def forget_old(work: UnitOfWork) -> None:
    """Forget what the workspace's requests were answered longer than a day ago."""
    await work.session.execute(delete(Row).where(Row.created_at < await work.now() - KEPT))


async def _claimed(work: UnitOfWork, key: Key, request: str) -> int | None:
    actor = work.actor
    values = {"workspace_id": actor.workspace_id, "user_id": actor.user_id, "created_at": await work.now()}
    made = insert(work.database.dialect, Row).values(**values, key_hash=key.hash, request_hash=request)
    return await work.session.scalar(made.on_conflict_do_nothing().returning(Row.id))


async def first_answer(app: App, key: Key, request: str) -> Answered | None:
    """What the claim came to, None while that is not known; VALIDATION_ERROR if it was for another request."""
    wanted = select(Row).where(Row.user_id == app.actor.user_id, Row.key_hash == key.hash)
    async with app.read() as work:
        row = await work.session.scalar(wanted)
    if row is None:
        raise SavantError(ErrorCode.CONFLICT, "The first request with this key failed.", hint="Send it once more.")
    if row.request_hash != request:
        message = "This Idempotency-Key was used for another request."
        raise SavantError(ErrorCode.VALIDATION, message, details={"Idempotency-Key": [message]}, hint="Use a new one.")
    if row.http_status is None:
        return None
    return Answered(row.http_status, key.open(row.sealed or b"", row.workspace_id), row.etag)


async def keep(app: App, claim: int, key: Key, answered: Answered) -> None:
    """Write down what the claim came to."""
    sealed = key.seal(answered.body, app.actor.workspace_id)
    async with app.work() as work:
        kept = update(Row).where(Row.id == claim)
        await work.session.execute(kept.values(http_status=answered.status, etag=answered.etag, sealed=sealed))


async def release(app: App, claim: int) -> None:
    """Give the claim back: nothing was done."""
    async with app.work() as work:
        await work.session.execute(delete(Row).where(Row.id == claim))


def _digest(secret: bytes, *parts: bytes) -> str:
    said = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.blake2b(said, key=secret, digest_size=32).hexdigest()
