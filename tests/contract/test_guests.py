"""Guests: who is signed in elsewhere sees of a workspace what is public there or shared with them, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession

from savant import policies
from savant.database.connect import Database
from savant.errors import SavantError
from savant.models.audit_log import AuditLog
from savant.models.run import Run
from savant.models.share import Share
from savant.policies import RULES
from savant.schemas.actors import Actor
from savant.services.actors import Credentials, identify
from savant.services.app import App
from savant.services.guests import MODELS
from savant.settings import ServerSettings, Settings
from tests.contract.test_hostile import ITEMS, LISTS, MARK, ask, everything, missing, named, plain
from tests.database.rows import add_everything, add_user, add_workspace
from tests.serving import key_of, mint, serving

THERE = {"X-Savant-Workspace": f"{MARK}/{MARK}"}
OPEN = ("agents", "workflows", "personas", "rulesets")
STEP = {"id": "a", "set": {"x": 1}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    unlimited = ServerSettings(requests_per_minute=0, strangers_per_minute=0)
    return msgspec.structs.replace(settings, server=unlimited)


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    async with serving(settings) as address:
        yield address


@pytest.fixture
async def owner(superuser: Database) -> Actor:
    """Of another team, which has nothing public yet."""
    return await add_workspace(superuser, MARK)


@asynccontextmanager
async def to(url: str, key: str, **headers: str) -> AsyncGenerator[httpx2.AsyncClient]:
    headers |= {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url + "/v1", headers=headers) as http:
        yield http


@pytest.fixture
async def guest(url: str, superuser: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """The owner of the local team, who names the workspace of the other."""
    async with to(url, await mint(superuser), **THERE) as http:
        yield http


@pytest.fixture
async def host(url: str, superuser: Database, owner: Actor) -> AsyncIterator[httpx2.AsyncClient]:
    """The owner of the other team, at home."""
    async with to(url, await key_of(superuser, owner)) as http:
        yield http


async def put(host: httpx2.AsyncClient, noun: str, name: str, **more: Any) -> None:
    needed = {
        "workflows": {"steps": [STEP]},
        "personas": {"instructions": name},
        "rulesets": {"rules": [{"text": "x"}]},
    }
    made = await host.post(f"/{noun}", json={"name": name, **needed.get(noun, {}), **more})
    assert made.status_code == 201, made.text


async def test_a_workspace_with_nothing_public_is_not_there(
    guest: httpx2.AsyncClient, host: httpx2.AsyncClient
) -> None:
    for noun in OPEN:
        await put(host, noun, "Ours", visibility="team")
        await put(host, noun, "Mine", visibility="private")
    for path in ("/agents", "/me", "/runs", "/agents/ours"):
        answers = [
            plain(await guest.get(path, headers={"X-Savant-Workspace": name}), *name.split("/"))
            for name in (f"{MARK}/{MARK}", "nowhere/nowhere", f"{MARK}/nowhere", "local")
        ]
        assert answers[0][0] == 404
        assert answers[0] == answers[1] == answers[2], path


async def test_what_is_public_is_seen_and_nothing_beside_it(
    guest: httpx2.AsyncClient, host: httpx2.AsyncClient
) -> None:
    for noun in OPEN:
        await put(host, noun, "Ours", visibility="team")
        await put(host, noun, "Mine", visibility="private")
        await put(host, noun, "Open", visibility="public")
    for noun in OPEN:
        assert [one["slug"] for one in (await guest.get(f"/{noun}")).json()["data"]] == ["open"], noun
        assert (await guest.get(f"/{noun}", params={"q": "ours"})).json()["data"] == []
        assert (await guest.get(f"/{noun}/open")).status_code == 200
        for slug in ("ours", "mine"):
            answer, nothing = await guest.get(f"/{noun}/{slug}"), await guest.get(f"/{noun}/nowhere")
            assert plain(answer, slug) == plain(nothing, "nowhere")
            assert answer.status_code == 404
        assert (await guest.patch(f"/{noun}/open", json={"description": "x"})).status_code == 403
        assert (await guest.delete(f"/{noun}/open")).status_code == 403
        assert (await guest.post(f"/{noun}", json={"name": "New"})).status_code in (403, 422)


async def test_every_other_address_is_closed_to_guests(
    guest: httpx2.AsyncClient, host: httpx2.AsyncClient, superuser: Database, database: Database, owner: Actor
) -> None:
    await put(host, "agents", "Open", visibility="public")
    async with database.work(owner) as work:
        made = await add_everything(work)
    ids = {table: getattr(row, "id", 1) for table, row in made.items()} | {"jobs": 1}
    ids |= {"teams": owner.team_id, "workspaces": owner.workspace_id, "users": owner.user_id}
    before = await everything(superuser)
    for endpoint in (*ITEMS, *LISTS):
        values = {name: named(endpoint, name, ids) for name in endpoint.path}
        nowhere = {name: missing(name, value) for name, value in values.items()}
        answers = [await ask(guest, endpoint, said) for said in (values, nowhere)]
        assert answers[0] == answers[1], endpoint.name
        if RULES[endpoint.noun][endpoint.verb].role != "guest" and endpoint.verb != "execute":
            assert answers[0][0] == 403, endpoint.name
    assert (await guest.get(f"/runs/{ids['runs']}/events")).status_code == 403
    assert await everything(superuser) == before


async def test_what_a_guest_runs_is_theirs_at_home(
    guest: httpx2.AsyncClient, host: httpx2.AsyncClient, superuser: Database, owner: Actor
) -> None:
    await put(host, "workflows", "Open", visibility="public")
    await put(host, "workflows", "Ours", visibility="team")
    made = await guest.post("/workflows/open/execute", json={}, headers={"Idempotency-Key": "once"})
    assert made.status_code == 201, made.text
    again = await guest.post("/workflows/open/execute", json={}, headers={"Idempotency-Key": "once"})
    assert again.json()["data"]["id"] == made.json()["data"]["id"]
    number = made.json()["data"]["id"]
    assert (await guest.get(f"/runs/{number}")).status_code == 403
    home = {"X-Savant-Workspace": "local/local"}
    assert (await guest.get(f"/runs/{number}", headers=home)).json()["data"]["status"] == "pending"
    assert (await host.get(f"/runs/{number}")).status_code == 404
    assert (await guest.post("/workflows/ours/execute", json={})).status_code == 404
    async with AsyncSession(superuser.engine) as session:
        [run] = (await session.scalars(select(Run))).all()
        assert (run.visibility, run.workspace_id == owner.workspace_id) == ("private", False)
        audited = (await session.scalars(select(AuditLog).where(AuditLog.workspace_id == owner.workspace_id))).all()
    assert {entry.user_id for entry in audited} == {owner.user_id}, "a guest writes nothing there"


@pytest.mark.parametrize(
    ("noun", "more", "status"),
    [
        ("agents", {"persona": "mine"}, 404),
        ("agents", {"rulesets": ["mine"]}, 404),
        ("agents", {"delegates": ["mine"]}, 404),
        ("workflows", {"steps": [{"id": "a", "agent": "mine", "goal": "x"}]}, 404),
        ("workflows", {"steps": [{"id": "a", "workflow": "mine"}]}, 404),
        ("workflows", {"steps": [{"id": "a", "tool": "git.log", "with": {"path": "${{ secrets.TOKEN }}"}}]}, 403),
    ],
)
async def test_a_run_takes_nothing_private_along(
    guest: httpx2.AsyncClient,
    host: httpx2.AsyncClient,
    superuser: Database,
    noun: str,
    more: dict[str, Any],
    status: int,
) -> None:
    for kind in OPEN:
        await put(host, kind, "Mine", visibility="private")
    await put(host, noun, "Open", visibility="public", **more)
    answer = await guest.post(f"/{noun}/open/execute", json={"goal": "x"} if noun == "agents" else {})
    assert answer.status_code == status, answer.text
    async with AsyncSession(superuser.engine) as session:
        assert (await session.scalars(select(Run))).all() == []


async def test_who_left_the_team_is_no_more_than_any_guest(
    url: str, host: httpx2.AsyncClient, superuser: Database, owner: Actor
) -> None:
    home = await add_workspace(superuser, "elsewhere")
    left = msgspec.structs.replace(owner, user_id=await add_user(superuser, "left", home.team_id))
    await put(host, "agents", "Open", visibility="public")
    await put(host, "agents", "Theirs", visibility="private")
    async with AsyncSession(superuser.engine) as session, session.begin():
        row = await session.scalar(select(MODELS["agent"]).where(MODELS["agent"].slug == "theirs"))
        assert row is not None
        row.created_by_id = left.user_id
    async with to(
        url, await key_of(superuser, msgspec.structs.replace(left, workspace_id=home.workspace_id)), **THERE
    ) as http:
        assert (await http.get("/agents/theirs")).status_code == 404
        assert [one["slug"] for one in (await http.get("/agents")).json()["data"]] == ["open"]
    row_rule = policies.may(
        msgspec.structs.replace(left, role="guest"), "change", author_id=left.user_id, visibility="public"
    )
    assert row_rule is False


async def test_what_is_shared_with_a_person_opens_that_alone_while_it_lasts(
    guest: httpx2.AsyncClient, host: httpx2.AsyncClient, superuser: Database, owner: Actor
) -> None:
    await put(host, "workflows", "Mine", visibility="private")
    assert (
        await host.post("/shares", json={"type": "workflow", "ref": "mine", "with_type": "public"})
    ).status_code == 201
    assert (await guest.get("/workflows/mine")).status_code == 200
    assert (await guest.post("/workflows/mine/execute", json={})).status_code == 403
    async with AsyncSession(superuser.engine) as session, session.begin():
        [share] = (await session.scalars(select(Share))).all()
        share.permission = "execute"
    assert (await guest.post("/workflows/mine/execute", json={})).status_code == 201
    async with AsyncSession(superuser.engine) as session, session.begin():
        [share] = (await session.scalars(select(Share))).all()
        share.expires_at = share.created_at
    assert (await guest.get("/workflows/mine")).status_code == 404


async def test_a_link_opens_one_thing_to_look_at_and_nothing_else(
    url: str, host: httpx2.AsyncClient, superuser: Database, database: Database, owner: Actor
) -> None:
    await put(host, "workflows", "Mine", visibility="private")
    await put(host, "workflows", "Open", visibility="public")
    wanted = {"type": "workflow", "ref": "mine", "with_type": "link", "days": 1}
    assert (await host.post("/shares", json=wanted | {"permission": "execute"})).status_code == 422
    shared = (await host.post("/shares", json=wanted)).json()["data"]
    async with database.work(owner) as work:
        made = await add_everything(work)
    ids = {table: getattr(row, "id", 1) for table, row in made.items()} | {"jobs": 1}
    ids |= {"teams": owner.team_id, "workspaces": owner.workspace_id, "users": owner.user_id}
    before = await everything(superuser)
    headers = {"X-Savant-Share": shared["token"]}
    async with httpx2.AsyncClient(base_url=url + "/v1", headers=headers) as link:
        assert [one["slug"] for one in (await link.get("/workflows")).json()["data"]] == ["mine"]
        assert (await link.get("/workflows/open")).status_code == 404
        for noun in ("agents", "personas", "rulesets"):
            assert (await link.get(f"/{noun}")).json()["data"] == []
        for endpoint in (*ITEMS, *LISTS):
            status, said = await ask(link, endpoint, {name: named(endpoint, name, ids) for name in endpoint.path})
            reads = RULES[endpoint.noun][endpoint.verb].role == "guest"
            assert status == ((404 if endpoint.path else 200) if reads else 403), (endpoint.name, said)
        assert (await link.post("/workflows/mine/execute", json={})).status_code == 403
        assert await everything(superuser) == before
        assert (await host.delete(f"/shares/{shared['id']}")).status_code == 204
        assert (await link.get("/workflows")).status_code == 401


async def test_being_there_takes_no_more_statements_than_not(
    settings: Settings, url: str, host: httpx2.AsyncClient, superuser: Database
) -> None:
    await put(host, "agents", "Mine", visibility="private")
    app = App.serving(settings)
    key = await mint(superuser)
    counted: list[int] = []
    event.listen(app.database.reader.sync_engine, "before_cursor_execute", lambda *_: counted.append(1))
    numbers: list[int] = []
    for name in ("nowhere/nowhere", f"{MARK}/{MARK}", f"{MARK}/nowhere", "x/y"):
        counted.clear()
        with pytest.raises(SavantError):
            await identify(app, Credentials(api_key=key, workspace=name))
        numbers.append(len(counted))
    await app.aclose()
    assert len(set(numbers[1:])) == 1, numbers
