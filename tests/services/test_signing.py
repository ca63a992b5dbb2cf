"""Coming in with a password, a link or an invitation: once, counted, locked, and told to whom it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, event

from savant import clock
from savant.database.connect import Database
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor
from savant.schemas.audit import AuditLog, AuditQuery
from savant.schemas.keys import SignIn
from savant.schemas.people import InvitationAccept, InvitationCreate, MeUpdate
from savant.services import invitations, login_sessions, proving
from savant.services.actors import Credentials, identify
from savant.services.app import App
from savant.services.perform import perform
from savant.services.proving import Caller
from savant.settings import Settings
from tests.database.rows import add_workspace

PASSWORD = "four random words here"
RIGHT = SignIn(email="ann@example.test", password=PASSWORD)
WRONG = SignIn(email="ann@example.test", password="wrong")
HOME, ELSEWHERE = Caller("203.0.113.9", "browser"), Caller("198.51.100.1")


@pytest.fixture
async def app(tmp_path: Path, database_url: str) -> AsyncIterator[App]:
    opened = await App.open(Settings(home=tmp_path, config_dir=tmp_path, database_url=database_url))
    yield opened
    await opened.aclose()


@pytest.fixture
async def ann(app: App) -> int:
    """A member with a password."""
    return await invitations.accept(app, await invited(app))


async def invited(app: App) -> InvitationAccept:
    """An invitation of whoever has its token."""
    made = await perform(app, "invitations", "create", create=InvitationCreate())
    return InvitationAccept(token=made.token, email="ann@example.test", password=PASSWORD, name="Ann")


async def log(app: App) -> list[AuditLog]:
    """What is known of sign-ins, the oldest first."""
    return [*reversed(await perform(app, "audit_logs", "export", query=AuditQuery(action="login_sessions")))]


async def test_who_is_invited_comes_in_once_and_signs_in(app: App, superuser: Database) -> None:
    made = await perform(app, "invitations", "create", create=InvitationCreate(email="ann@example.test"))
    accept = InvitationAccept(token=made.token, email="ann@example.test", password=PASSWORD, name="Ann")
    for wrong in ({"token": "x"}, {"email": "eve@example.test"}):
        with pytest.raises(SavantError, match="not valid"):
            await invitations.accept(app, msgspec.structs.replace(accept, **wrong))
    user_id = await invitations.accept(app, accept)
    with pytest.raises(SavantError, match="not valid"):
        await invitations.accept(app, accept)
    signed = await login_sessions.sign_in(app, SignIn(email="Ann@example.test", password=PASSWORD))
    ann: Actor = await identify(app, Credentials(session=signed.token))
    assert (ann.user_id, ann.role, ann.workspace_id) == (user_id, "member", app.actor.workspace_id)
    messages = set[str]()
    for email, password in (("ann@example.test", "wrong"), ("nobody@example.test", PASSWORD)):
        with pytest.raises(SavantError) as refused:
            await login_sessions.sign_in(app, SignIn(email=email, password=password))
        messages.add(str(refused.value))
    assert len(messages) == 1
    await login_sessions.sign_out(app, signed.token)
    with pytest.raises(SavantError):
        await identify(app, Credentials(session=signed.token))
    log = await perform(app, "audit_logs", "export", query=AuditQuery(action="invitations"))
    assert [entry.action for entry in log] == ["invitations.accept", "invitations.create"]


async def test_ten_wrong_passwords_lock_an_account_and_all_of_it_is_in_the_log_but_the_passwords(
    app: App, ann: int, superuser: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = await login_sessions.sign_in(app, RIGHT, HOME)
    await login_sessions.sign_out(app, signed.token, HOME)
    for given in (*[WRONG] * proving.MOST_FAILURES, RIGHT, *[WRONG] * 5):
        with pytest.raises(SavantError) as refused:
            await login_sessions.sign_in(app, given, ELSEWHERE)
        assert refused.value.code is ErrorCode.UNAUTHENTICATED
    later = clock.now() + proving.LOCKED
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await login_sessions.sign_in(app, RIGHT)).user_id == ann
    told = await log(app)
    assert {entry.user_id for entry in told} == {ann}
    failed = ("fail", *ELSEWHERE)
    assert [(entry.action.partition(".")[2], entry.ip_address, entry.user_agent) for entry in told] == [
        ("sign_in", *HOME), ("sign_out", *HOME), *[failed] * (proving.MOST_FAILURES - 1), ("lock", *ELSEWHERE),
        ("sign_in", None, None),
    ]  # fmt: skip
    assert "wrong" not in str(told)
    stranger = app.acting_as(await add_workspace(superuser, "other"))
    assert await log(stranger) == []


async def test_many_tries_at_once_are_no_more_than_one_after_the_other(app: App, ann: int) -> None:
    tries = (login_sessions.sign_in(app, WRONG, ELSEWHERE) for _ in range(3 * proving.MOST_FAILURES))
    assert all(isinstance(one, SavantError) for one in await asyncio.gather(*tries, return_exceptions=True))
    assert [entry.action for entry in await log(app)].count("login_sessions.lock") == 1
    assert len(await log(app)) == proving.MOST_FAILURES
    with pytest.raises(SavantError):
        await login_sessions.sign_in(app, RIGHT)


async def test_a_locked_account_is_asked_as_much_as_none(app: App, ann: int) -> None:
    asked = list[list[str]]()
    for email in ("ann@example.test", "nobody@example.test"):
        given = SignIn(email=email, password="wrong")
        for _ in range(proving.MOST_FAILURES):
            with pytest.raises(SavantError):
                await login_sessions.sign_in(app, given)
        asked.append([])
        note = partial(_note, asked[-1])
        event.listen(Engine, "before_cursor_execute", note)
        with pytest.raises(SavantError):
            await login_sessions.sign_in(app, given)
        event.remove(Engine, "before_cursor_execute", note)
    assert asked[0] == asked[1]
    assert any(statement.startswith("UPDATE users") for statement in asked[0])


def _note(statements: list[str], *said: Any) -> None:
    statements.append(said[2])


async def test_an_invitation_is_no_way_around_the_lock(app: App, ann: int) -> None:
    again = await invited(app)
    for _ in range(proving.MOST_FAILURES):
        with pytest.raises(SavantError, match="not its password"):
            await invitations.accept(app, msgspec.structs.replace(again, password="wrong"), ELSEWHERE)
    for tried in (invitations.accept(app, again), login_sessions.sign_in(app, RIGHT)):
        with pytest.raises(SavantError) as refused:
            await tried
        assert refused.value.code is ErrorCode.UNAUTHENTICATED
    assert [entry.action for entry in await log(app)][-1] == "login_sessions.lock"


async def test_a_new_password_ends_every_session(app: App, ann: int) -> None:
    mine, stolen = await login_sessions.sign_in(app, RIGHT), await login_sessions.sign_in(app, RIGHT)
    browser = app.acting_as(await identify(app, Credentials(session=mine.token)))
    change = MeUpdate(password="other random words here", old_password=PASSWORD)
    await perform(browser, "me", "update", update=change)
    for session in (mine, stolen):
        with pytest.raises(SavantError, match="has ended"):
            await identify(app, Credentials(session=session.token))
    with pytest.raises(SavantError):
        await login_sessions.sign_in(app, RIGHT)
