"""A POST that comes again under its key is carried out once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from savant import clock
from savant.database.connect import Database
from savant.models.api_key import ApiKey
from savant.models.idempotency_key import IdempotencyKey
from savant.models.team_member import TeamMember
from tests.conftest import database_url as database_url  # on both databases
from tests.database.rows import add_workspace
from tests.serving import mint

KEY = {"Idempotency-Key": "5f0c2b6e-build-7"}
PERSONA = {"name": "A", "instructions": "Build."}


async def test_the_first_answer_is_the_answer(http: httpx2.AsyncClient) -> None:
    first = await http.post("/personas", json=PERSONA, headers=KEY)
    again = await http.post("/personas", json=PERSONA, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    without = await http.post("/personas", json=PERSONA)
    assert without.status_code == 409
    assert len((await http.get("/personas")).json()["data"]) == 1


async def test_a_refusal_is_an_answer_too(http: httpx2.AsyncClient) -> None:
    made = await http.post("/personas", json=PERSONA)
    refused = await http.post("/personas", json=PERSONA, headers=KEY)
    assert refused.status_code == 409
    await http.delete(f"/personas/{made.json()['data']['slug']}")
    again = await http.post("/personas", json=PERSONA, headers=KEY)
    assert (again.status_code, again.content) == (409, refused.content)


async def test_a_key_is_for_one_request(http: httpx2.AsyncClient) -> None:
    await http.post("/personas", json=PERSONA, headers=KEY)
    for path, body in (("/personas", {**PERSONA, "name": "B"}), ("/rulesets", PERSONA)):
        other = await http.post(path, json=body, headers=KEY)
        assert (other.status_code, other.json()["error"]["code"]) == (422, "validation_error")
        assert "Idempotency-Key" in other.json()["error"]["details"]
    bad = await http.post("/personas", json=PERSONA, headers={"Idempotency-Key": "two words"})
    assert (bad.status_code, [*bad.json()["error"]["details"]]) == (422, ["Idempotency-Key"])


async def test_many_at_once_do_it_once(http: httpx2.AsyncClient) -> None:
    body = {"name": "ci", "scopes": ["runs:read"]}
    answers = await asyncio.gather(*(http.post("/api-keys", json=body, headers=KEY) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [key["name"] for key in (await http.get("/api-keys")).json()["data"]].count("ci") == 1


async def test_nobody_else_learns_of_it(
    http: httpx2.AsyncClient, stranger: httpx2.AsyncClient, superuser: Database
) -> None:
    """Neither a colleague, nor another team, nor a key of the same person that may not do it."""
    await http.post("/personas", json=PERSONA, headers=KEY)
    colleague = {"Authorization": f"Bearer {await mint(superuser)}", **KEY}
    theirs = await stranger.post("/personas", json={**PERSONA, "name": "B"}, headers=colleague)
    assert (theirs.status_code, theirs.json()["data"]["slug"]) == (201, "b")
    other = {"Authorization": f"Bearer {await _of_another_team(superuser)}", **KEY}
    made = await stranger.post("/personas", json=PERSONA, headers=other)
    assert made.status_code == 201
    assert "Idempotency-Replayed" not in made.headers
    narrow = {"name": "narrow", "scopes": ["personas:read"]}
    key = (await http.post("/api-keys", json=narrow)).json()["data"]["key"]
    refused = await stranger.post("/personas", json=PERSONA, headers={"Authorization": f"Bearer {key}", **KEY})
    assert refused.status_code == 403


async def test_it_is_kept_sealed_and_for_a_day(http: httpx2.AsyncClient, superuser: Database) -> None:
    first = await http.post("/api-keys", json={"name": "ci", "scopes": ["runs:read"]}, headers=KEY)
    secret = first.json()["data"]["key"]
    async with AsyncSession(superuser.engine) as session:
        (row,) = (await session.execute(text("SELECT * FROM idempotency_keys"))).all()
        assert secret not in str(row)
        assert KEY["Idempotency-Key"] not in str(row)
        await session.execute(update(IdempotencyKey).values(created_at=clock.now() - timedelta(hours=25)))
        await session.commit()
    second = await http.post("/api-keys", json={"name": "ci", "scopes": ["runs:read"]}, headers=KEY)
    assert second.status_code == 201
    assert second.json()["data"]["key"] != secret


async def _of_another_team(superuser: Database) -> str:
    """A key of somebody new, in a workspace of another team."""
    there, key = await add_workspace(superuser, "theirs"), await mint(superuser)
    async with AsyncSession(superuser.engine) as session:
        person = (await session.execute(text("SELECT max(user_id) FROM api_keys"))).scalar_one()
        session.add(TeamMember(team_id=there.team_id, user_id=person, role="owner"))
        moved = update(ApiKey).where(ApiKey.user_id == person).values(workspace_id=there.workspace_id)
        await session.execute(moved)
        await session.commit()
    return key
