"""Login sessions: signing in and out, and one's own sessions."""

from __future__ import annotations

import builtins
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import delete as delete_rows
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from savant import clock
from savant.database import lookups
from savant.database.declared import Declared
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.login_session import LoginSession as Row
from savant.models.user import User
from savant.schemas.keys import LoginSession, SignedIn, SignIn
from savant.services import audit_logs, passwords, tokens
from savant.services.app import App

LASTS = timedelta(days=14)
MOST_FAILURES = 10
LOCKED = timedelta(minutes=15)


async def list(work: Reading) -> builtins.list[LoginSession]:
    """Where the actor is signed in."""
    rows = select(Row).where(Row.user_id == work.actor.user_id, Row.expires_at > clock.now(), Row.once.is_(False))
    return [
        msgspec.convert(row, LoginSession, from_attributes=True)
        for row in await work.session.scalars(rows.order_by(Row.id.desc()))
    ]


async def delete(work: UnitOfWork, id: int) -> None:
    """End one of the actor's sessions."""
    row = await work.session.scalar(select(Row).where(Row.id == id, Row.user_id == work.actor.user_id))
    if row is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no session {id}.")
    await work.session.delete(row)


async def sign_in(app: App, given: SignIn, ip_address: str | None = None, user_agent: str | None = None) -> SignedIn:
    """A new session for an address and its password; the same refusal, in the same time, whatever was wrong."""
    known = await lookups.user(app.database, given.email.lower())
    right = await passwords.matches(known.encrypted_password if known else None, given.password)
    now = clock.now()
    if known is not None and known.locked_until is not None and known.locked_until > now:
        right = False
    if known is None or not right:
        if known is not None:
            await _count_failure(app, known, ip_address, user_agent)
        message = "This address and this password do not go together, or too many have been tried."
        raise SavantError(ErrorCode.UNAUTHENTICATED, message)
    return await _open(app, known.id, None, ip_address, user_agent)


async def sign_in_once(app: App, token: str, ip_address: str | None = None, user_agent: str | None = None) -> SignedIn:
    """A session for the token of a link that signs in once."""
    found = await lookups.session(app.database, tokens.digest(token))
    if found is None or not found.once or found.expires_at <= clock.now():
        raise SavantError(ErrorCode.UNAUTHENTICATED, "This link was used, or has expired.")
    async with lookups.declared(app.database, Declared(user_id=found.user_id), write=True) as connection:
        if (await connection.execute(delete_rows(Row).where(Row.id == found.id))).rowcount != 1:
            raise SavantError(ErrorCode.UNAUTHENTICATED, "This link was used, or has expired.")
    return await _open(app, found.user_id, found.workspace_id, ip_address, user_agent)


async def sign_out(app: App, token: str, ip_address: str | None = None, user_agent: str | None = None) -> None:
    """End the session of a cookie; nothing if there is none."""
    found = await lookups.session(app.database, tokens.digest(token))
    if found is not None:
        async with lookups.declared(app.database, Declared(user_id=found.user_id), write=True) as connection:
            await connection.execute(delete_rows(Row).where(Row.id == found.id))
            await _tell(connection, found.user_id, "sign_out", ip_address, user_agent)


async def _open(
    app: App, user_id: int, workspace_id: int | None, ip_address: str | None, user_agent: str | None
) -> SignedIn:
    token, now = tokens.make_secret(), clock.now()
    made = insert(Row).values(
        user_id=user_id, workspace_id=workspace_id, token_hash=token.hash, expires_at=now + LASTS,
        ip_address=ip_address, user_agent=user_agent,
    )  # fmt: skip
    fresh = {"signed_in_at": now, "failed_sign_ins": 0, "locked_until": None}
    async with lookups.declared(app.database, Declared(user_id=user_id), write=True) as connection:
        await connection.execute(delete_rows(Row).where(Row.user_id == user_id, Row.expires_at <= now))
        await connection.execute(made)
        await connection.execute(update(User).where(User.id == user_id).values(**fresh))
        await _tell(connection, user_id, "sign_in", ip_address, user_agent)
    return SignedIn(token=token.text, user_id=user_id, expires_at=now + LASTS)


async def _count_failure(app: App, known: lookups.FoundUser, ip_address: str | None, user_agent: str | None) -> None:
    failures = known.failed_sign_ins + 1
    values: dict[str, Any] = {"failed_sign_ins": User.failed_sign_ins + 1}
    if failures % MOST_FAILURES == 0:
        values["locked_until"] = clock.now() + LOCKED
    async with lookups.declared(app.database, Declared(user_id=known.id), write=True) as connection:
        await connection.execute(update(User).where(User.id == known.id).values(**values))
        if "locked_until" in values:
            await _tell(connection, known.id, "lock", ip_address, user_agent)


async def _tell(
    connection: AsyncConnection, user_id: int, verb: str, ip_address: str | None, user_agent: str | None
) -> None:
    """For the audit logs of all who share a workspace with this person."""
    action = f"login_sessions.{verb}"
    await audit_logs.tell(connection, user_id, action=action, details={}, ip_address=ip_address, user_agent=user_agent)
