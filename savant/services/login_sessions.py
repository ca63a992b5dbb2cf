"""Login sessions: signing in and out, and one's own sessions."""

from __future__ import annotations

import builtins
from datetime import timedelta

import msgspec
from sqlalchemy import delete as delete_rows
from sqlalchemy import insert, select, update

from savant import clock
from savant.database import lookups
from savant.database.declared import Declared
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.login_session import LoginSession as Row
from savant.models.user import User
from savant.schemas.keys import LoginSession, SignedIn, SignIn
from savant.services import tokens
from savant.services.app import App
from savant.services.proving import NOWHERE, Caller, proved, tell

LASTS = timedelta(days=14)


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


async def sign_in(app: App, given: SignIn, caller: Caller = NOWHERE) -> SignedIn:
    """A new session for an address and its password; the same refusal, in the same time, whatever was wrong."""
    known = await lookups.user(app.database, given.email.lower())
    if not await proved(app, known, given.password, caller) or known is None:
        message = "This address and this password do not go together, or too many have been tried."
        raise SavantError(ErrorCode.UNAUTHENTICATED, message)
    return await _open(app, known.id, None, caller)


async def sign_in_once(app: App, token: str, caller: Caller = NOWHERE) -> SignedIn:
    """A session for the token of a link that signs in once."""
    found = await lookups.session(app.database, tokens.digest(token))
    if found is None or not found.once or found.expires_at <= clock.now():
        raise SavantError(ErrorCode.UNAUTHENTICATED, "This link was used, or has expired.")
    async with lookups.declared(app.database, Declared(user_id=found.user_id), write=True) as connection:
        if (await connection.execute(delete_rows(Row).where(Row.id == found.id))).rowcount != 1:
            raise SavantError(ErrorCode.UNAUTHENTICATED, "This link was used, or has expired.")
    return await _open(app, found.user_id, found.workspace_id, caller)


async def sign_out(app: App, token: str, caller: Caller = NOWHERE) -> None:
    """End the session of a cookie; nothing if there is none."""
    found = await lookups.session(app.database, tokens.digest(token))
    if found is not None:
        async with lookups.declared(app.database, Declared(user_id=found.user_id), write=True) as connection:
            await connection.execute(delete_rows(Row).where(Row.id == found.id))
            await tell(connection, found.user_id, "sign_out", caller)


async def forget_old(app: App) -> None:
    """Delete the sessions of all people that are over."""
    await lookups.forget_sessions(app.database, clock.now())


async def _open(app: App, user_id: int, workspace_id: int | None, caller: Caller) -> SignedIn:
    token, now = tokens.make_secret(), clock.now()
    made = insert(Row).values(
        user_id=user_id, workspace_id=workspace_id, token_hash=token.hash, expires_at=now + LASTS,
        **caller._asdict(),
    )  # fmt: skip
    async with lookups.declared(app.database, Declared(user_id=user_id), write=True) as connection:
        await connection.execute(delete_rows(Row).where(Row.user_id == user_id, Row.expires_at <= now))
        await connection.execute(made)
        await connection.execute(update(User).where(User.id == user_id).values(signed_in_at=now))
        await tell(connection, user_id, "sign_in", caller)
    return SignedIn(token=token.text, user_id=user_id, expires_at=now + LASTS)
