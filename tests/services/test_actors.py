"""From a key, a session or a link to who asks: what is taken, what is refused, and what a refusal says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, select, update

from savant import clock
from savant.database.connect import Database
from savant.errors import ErrorCode, SavantError
from savant.models.api_key import ApiKey
from savant.models.login_session import LoginSession
from savant.models.share import Share
from savant.models.team_member import TeamMember
from savant.schemas.actors import Actor
from savant.services import actors, passwords, tokens
from savant.services.actors import Credentials, actor_of_user, identify
from savant.services.app import App
from savant.settings import Settings
from tests.database.rows import add_user, add_workspace


@pytest.fixture
async def app(tmp_path: Path, database_url: str) -> AsyncIterator[App]:
    opened = await App.open(Settings(home=tmp_path, config_dir=tmp_path, database_url=database_url))
    yield opened
    await opened.aclose()


async def _make_key(app: App, **more: object) -> str:
    token = tokens.make_key()
    async with app.work() as work:
        row = ApiKey(user_id=app.actor.user_id, name="CI", prefix=token.prefix, key_hash=token.hash, **more)
        work.session.add(row)
    return token.text


async def _refused(app: App, code: ErrorCode = ErrorCode.UNAUTHENTICATED, **credentials: str) -> str:
    with pytest.raises(SavantError) as refused:
        await identify(app, Credentials(**credentials))
    assert refused.value.code is code
    return refused.value.message


async def test_a_key_is_its_persons_with_its_scopes_and_notes_its_use(app: App) -> None:
    key = await _make_key(app, scopes=["runs:read"])
    seen = await identify(app, Credentials(api_key=key, request_id="r1", ip_address="203.0.113.9", user_agent="ci"))
    assert (seen.user_id, seen.workspace_id, seen.role) == (app.actor.user_id, app.actor.workspace_id, "owner")
    assert (seen.scopes, seen.request_id, seen.ip_address, seen.user_agent) == (
        ("runs:read",), "r1", "203.0.113.9", "ci",
    )  # fmt: skip
    async with app.read() as work:
        row = (await work.session.scalars(select(ApiKey))).one()
    assert row.id == seen.api_key_id
    assert row.last_used_at is not None
    assert row.last_used_ip == "203.0.113.9"


async def test_a_key_without_scopes_may_what_its_person_may(app: App) -> None:
    assert (await identify(app, Credentials(api_key=await _make_key(app)))).scopes is None


async def test_what_is_no_key_is_refused_before_anything_is_looked_up(app: App) -> None:
    key = await _make_key(app)
    swapped = key[:-1] + ("a" if key[-1] != "a" else "b")
    for text in (key[:-1], swapped, "svt_live_x", "", "ghp_0123456789", key + "0", key.replace("live", "test")):
        assert "cut off or mistyped" in await _refused(app, api_key=text)


async def test_an_expired_a_revoked_and_an_unknown_key_are_refused(app: App) -> None:
    past = clock.now() - timedelta(seconds=1)
    assert "expired" in await _refused(app, api_key=await _make_key(app, expires_at=past))
    assert "not valid" in await _refused(app, api_key=await _make_key(app, revoked_at=past))
    assert "not valid" in await _refused(app, api_key=tokens.make_key().text)


async def test_a_key_is_known_for_a_while_and_forgotten_when_told(app: App) -> None:
    key = await _make_key(app)
    await identify(app, Credentials(api_key=key))
    async with app.work() as work:
        await work.session.execute(update(ApiKey).values(revoked_at=clock.now()))
    assert (await identify(app, Credentials(api_key=key))).role == "owner"
    actors.forget(app.database)
    await _refused(app, api_key=key)


async def test_many_with_one_key_at_once_are_looked_up_once_and_told_alike(app: App) -> None:
    asked: list[str] = []
    key = await _make_key(app)
    event.listen(app.database.engine.sync_engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    seen = await asyncio.gather(*(identify(app, Credentials(api_key=key, request_id=str(n))) for n in range(50)))
    assert [actor.request_id for actor in seen] == [str(n) for n in range(50)]
    assert sum("FROM api_keys" in statement for statement in asked) == 1
    asked.clear()
    wrong = tokens.make_key().text
    told = await asyncio.gather(*(identify(app, Credentials(api_key=wrong)) for _ in range(50)), return_exceptions=True)
    assert {one.code for one in told if isinstance(one, SavantError)} == {ErrorCode.UNAUTHENTICATED}
    assert len(told) == 50
    assert sum("FROM api_keys" in statement for statement in asked) == 1


async def test_a_session_ends_and_one_that_signs_in_once_is_no_session(app: App) -> None:
    texts = []
    for once, left in ((False, 60), (False, -1), (True, 60)):
        token = tokens.make_secret()
        texts.append(token.text)
        async with app.work() as work:
            until = clock.now() + timedelta(seconds=left)
            row = LoginSession(user_id=app.actor.user_id, token_hash=token.hash, expires_at=until, once=once)
            work.session.add(row)
    good, ended, once = texts
    assert (await identify(app, Credentials(session=good))).workspace_id == app.actor.workspace_id
    for text in (ended, once, "nonsense"):
        await _refused(app, session=text)


async def test_a_link_makes_a_guest_of_one_workspace_until_it_expires(app: App) -> None:
    good, ended = tokens.make_secret(), tokens.make_secret()
    async with app.work() as work:
        for token, left in ((good, 60), (ended, -1)):
            until = clock.now() + timedelta(seconds=left)
            work.session.add(Share(shareable_type="agent", shareable_id=1, token=token.hash, expires_at=until))
    guest = await identify(app, Credentials(share=good.text))
    assert (guest.user_id, guest.role, guest.workspace_id) == (0, "guest", app.actor.workspace_id)
    for text in (ended.text, "nonsense"):
        await _refused(app, share=text)


async def test_nothing_is_nobody(app: App) -> None:
    await _refused(app)
    await _refused(app, workspace="local/local")


async def test_a_named_workspace_is_one_of_ones_own_and_all_others_are_not_there(app: App, superuser: Database) -> None:
    await add_workspace(superuser, "other")
    key = await _make_key(app)
    assert (await identify(app, Credentials(api_key=key, workspace="local/local"))).role == "owner"
    messages = [
        (await _refused(app, ErrorCode.NOT_FOUND, api_key=key, workspace=name)).replace(name, "X")
        for name in ("other/other", "nowhere/at-all", "local", "local/other", "")
    ]
    assert len(set(messages[:4])) == 1


async def test_a_job_works_with_the_role_its_person_has_now(app: App, superuser: Database, actor: Actor) -> None:
    ann = await add_user(superuser, "ann", actor.team_id, "member")
    assert (await actor_of_user(app, ann, actor.workspace_id)).role == "member"
    async with app.work() as work:
        await work.session.execute(update(TeamMember).where(TeamMember.user_id == ann).values(role="viewer"))
    assert (await actor_of_user(app, ann, actor.workspace_id)).role == "viewer"
    async with app.work() as work:
        await work.session.execute(delete(TeamMember).where(TeamMember.user_id == ann))
    with pytest.raises(SavantError) as refused:
        await actor_of_user(app, ann, actor.workspace_id)
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_passwords_are_argon2id_and_only_the_right_one_matches() -> None:
    stored = await passwords.hashed("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches(stored, "correct horse battery")
    assert not await passwords.matches(stored, "correct horse batterx")
    assert not await passwords.matches(None, "correct horse battery")
    assert not await passwords.matches("!", "!")
    with pytest.raises(SavantError):
        await passwords.hashed("short")


def test_keys_have_their_form_and_are_never_alike() -> None:
    made = {tokens.make_key("test").text for _ in range(100)}
    assert len(made) == 100
    for text in made:
        assert text.startswith("svt_test_")
        assert tokens.is_key(text)
        assert tokens.key_prefix(text) == text[:17]
