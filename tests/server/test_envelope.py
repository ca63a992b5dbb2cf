"""What HTTP adds: the envelope, the codes, the numbers of requests, and who is let in."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import httpx2
import pytest

from savant.database.connect import Database
from tests.serving import mint


def of(answer: httpx2.Response, status: int = 200) -> Any:
    """The body of an answer that has its status and its envelope."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["meta"]["request_id"] == answer.headers["X-Request-Id"]
    assert datetime.fromisoformat(body["meta"]["timestamp"]).tzinfo is not None
    return body


async def test_an_item_is_made_read_changed_and_removed(http: httpx2.AsyncClient) -> None:
    made = of(await http.post("/personas", json={"name": "Engineer", "instructions": "Build."}), 201)["data"]
    assert made["slug"] == "engineer"
    assert of(await http.get("/personas/engineer"))["data"] == made
    changed = of(await http.patch("/personas/engineer", json={"description": "Builds."}))["data"]
    assert (changed["description"], changed["instructions"]) == ("Builds.", "Build.")
    gone = await http.delete("/personas/engineer")
    assert (gone.status_code, gone.content) == (204, b"")
    assert of(await http.get("/personas/engineer"), 404)["error"]["code"] == "not_found"


async def test_a_list_goes_on_where_its_cursor_says(http: httpx2.AsyncClient) -> None:
    for name in ("A", "B", "C"):
        await http.post("/rulesets", json={"name": name, "rules": []})
    first = of(await http.get("/rulesets", params={"limit": 2}))
    assert [one["slug"] for one in first["data"]] == ["a", "b"]
    last = of(await http.get("/rulesets", params={"limit": 2, "cursor": first["meta"]["next_cursor"]}))
    assert [one["slug"] for one in last["data"]] == ["c"]
    assert "next_cursor" not in last["meta"]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"name": "A"}, {"instructions": ["is missing"]}),
        ({"name": "A", "instructions": 3}, {"instructions": ["Expected `str`, got `int`"]}),
        ({"name": "A", "instructions": "", "colour": "red"}, {"colour": ["is not known"]}),
    ],
)
async def test_what_is_wrong_is_said_by_field(
    http: httpx2.AsyncClient, body: dict[str, Any], details: dict[str, Any]
) -> None:
    error = of(await http.post("/personas", json=body), 422)["error"]
    assert error["code"] == "validation_error"
    assert error["details"] == details


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", "/runs/one", {}, 404, "not_found"),
        ("GET", "/runs/99999999999999999999", {}, 404, "not_found"),
        ("PUT", "/agents", {}, 405, "method_not_allowed"),
        ("GET", "/agents?colour=red", {}, 422, "validation_error"),
        ("GET", "/agents?limit=1&limit=2", {}, 422, "validation_error"),
        ("GET", "/agents?q=%00", {}, 422, "validation_error"),
        (
            "POST",
            "/agents",
            {"content": b"{", "headers": {"content-type": "application/json"}},
            422,
            "validation_error",
        ),
        ("POST", "/agents", {"content": b"name=A"}, 415, "unsupported_media_type"),
        ("POST", "/agents", {"json": {"name": "A\0"}}, 422, "validation_error"),
        ("POST", "/runs/1/stop", {"json": {"now": True}}, 422, "validation_error"),
    ],
)
async def test_a_bad_request_is_told_apart(
    http: httpx2.AsyncClient, method: str, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    assert of(await http.request(method, path, **sent), status)["error"]["code"] == code


async def test_nobody_is_let_in_without_a_good_key(stranger: httpx2.AsyncClient, http: httpx2.AsyncClient) -> None:
    good = http.headers["Authorization"]
    wrong = good[:-1] + ("a" if good[-1] != "a" else "b")
    for headers in ({}, {"Authorization": wrong}, {"Authorization": "Basic eDp5"}, {"X-API-Key": "nonsense"}):
        answer = await stranger.get("/agents", headers=headers)
        assert of(answer, 401)["error"]["code"] == "not_signed_in"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert of(await stranger.get("/agents", headers={"X-API-Key": good.removeprefix("Bearer ")}))["data"] == []


async def test_a_role_and_a_scope_are_asked_for(stranger: httpx2.AsyncClient, superuser: Database) -> None:
    viewer = {"Authorization": f"Bearer {await mint(superuser, role='viewer')}"}
    assert of(await stranger.get("/agents", headers=viewer))["data"] == []
    refused = await stranger.post("/agents", json={"name": "A"}, headers=viewer)
    assert of(refused, 403)["error"]["code"] == "forbidden"
    narrow = {"Authorization": f"Bearer {await mint(superuser, scopes=['agents:read'])}"}
    assert of(await stranger.get("/agents", headers=narrow))["data"] == []
    assert (
        "agents:write"
        in of(await stranger.post("/agents", json={"name": "A"}, headers=narrow), 403)["error"]["message"]
    )


async def test_a_request_keeps_the_number_it_came_with(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/agents", headers={"X-Request-Id": "build-7"})).headers["X-Request-Id"] == "build-7"
    made = (await http.get("/agents", headers={"X-Request-Id": "no good\x01"[:7]})).headers["X-Request-Id"]
    assert uuid.UUID(made).version == 4
