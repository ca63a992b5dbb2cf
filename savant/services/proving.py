"""Whether somebody who is not known yet is who they say: their password, counted, locked and told of where it is wrong.

While an account is locked nothing is counted and nothing written, so that nobody fills the audit logs of others: of
one account they hold at most `MOST_FAILURES` wrong passwords in `LOCKED`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from savant import clock
from savant.database import lookups
from savant.database.declared import Declared
from savant.models.user import User
from savant.services import audit_logs, passwords
from savant.services.app import App

MOST_FAILURES = 10
LOCKED = timedelta(minutes=15)


class Caller(NamedTuple):
    """From where, and with which program."""

    ip_address: str | None = None
    user_agent: str | None = None


NOWHERE = Caller()
NOBODY = 0


async def proved(app: App, known: lookups.FoundUser | None, password: str, caller: Caller) -> bool:
    """Whether it is their password and they are not locked out; as slow for nobody as for somebody who is."""
    right = await passwords.matches(known.encrypted_password if known else None, password)
    user_id = known.id if known else NOBODY
    async with lookups.declared(app.database, Declared(user_id=user_id), write=True) as connection:
        if right:
            return await _forgive(connection, user_id)
        await _count(connection, user_id, caller)
    return False


async def tell(connection: AsyncConnection, user_id: int, verb: str, caller: Caller, **details: int) -> None:
    """For the audit logs of all who share a workspace with this person; the last thing in its transaction."""
    action = f"login_sessions.{verb}"
    await audit_logs.tell(connection, user_id, action=action, details=details, **caller._asdict())


async def _forgive(connection: AsyncConnection, user_id: int) -> bool:
    """False for who was locked out meanwhile, by others of a thousand tries at once."""
    fresh = update(User).where(User.id == user_id, _open()).values(failed_sign_ins=0, locked_until=None)
    return (await connection.execute(fresh)).rowcount == 1


async def _count(connection: AsyncConnection, user_id: int, caller: Caller) -> None:
    failures = User.failed_sign_ins + 1
    until = case((failures % MOST_FAILURES == 0, clock.now() + LOCKED))
    counted = update(User).where(User.id == user_id, _open()).values(failed_sign_ins=failures, locked_until=until)
    number = (await connection.execute(counted.returning(User.failed_sign_ins))).scalar()
    if number is not None:
        await tell(connection, user_id, "lock" if number % MOST_FAILURES == 0 else "fail", caller, failures=number)


def _open() -> ColumnElement[bool]:
    return or_(User.locked_until.is_(None), User.locked_until <= clock.now())
