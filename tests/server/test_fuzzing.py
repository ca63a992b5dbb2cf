"""What the description says is what the server does: a fuzzer tries what it allows, and finds nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from savant.database.connect import Database
from savant.schemas.actors import Role
from tests.database.rows import add_workspace
from tests.serving import key_of, mint

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SLOW = frozenset({"models_test", "models_providers", "models_first", "runs_events"})
"""They ask whatever models this machine has, or answer for as long as a run lasts."""


def fuzz(url: str, document: dict[str, Any], headers: dict[str, str], times: int) -> int:
    """How many addresses were tried."""
    tried = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()  # pyright: ignore[reportAttributeAccessIssue]
        if operation.definition.raw["operationId"] in SLOW:
            continue
        tried += 1

        @given(case=operation.as_strategy())
        @examples(
            max_examples=times, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        def probe(case: schemathesis.Case[Any]) -> None:
            case.validate_response(case.call(base_url=url, headers=headers), checks=CHECKS)

        probe()
    return tried


@pytest.mark.parametrize(("role", "times"), [("owner", 5), ("member", 2), ("viewer", 1)])
async def test_nothing_undocumented_is_answered(
    stranger: httpx2.AsyncClient, url: str, superuser: Database, role: Role, times: int
) -> None:
    document = (await stranger.get(url + "/schema")).json()
    assert document["openapi"].startswith("3.1")
    headers = {"Authorization": f"Bearer {await mint(superuser, role=role)}"}
    assert {"/v1/session", "/v1/session/once", "/v1/invitations/accept"} <= document["paths"].keys()
    assert await asyncio.to_thread(fuzz, url, document, headers, times) > 60


@pytest.mark.parametrize("here_by", ["a link", "a public agent"])
async def test_nor_to_guests(
    http: httpx2.AsyncClient, stranger: httpx2.AsyncClient, url: str, superuser: Database, here_by: str
) -> None:
    document = (await stranger.get(url + "/schema")).json()
    await http.post("/agents", json={"name": "Open", "visibility": "public"})
    link = {"type": "agent", "ref": "open", "with_type": "link"}
    headers = {"X-Savant-Share": (await http.post("/shares", json=link)).json()["data"]["token"]}
    if here_by == "a public agent":
        key = await key_of(superuser, await add_workspace(superuser, "other"))
        headers = {"Authorization": f"Bearer {key}", "X-Savant-Workspace": "local/local"}
    assert await asyncio.to_thread(fuzz, url, document, headers, 1) > 60


async def test_coming_in_and_out_is_as_described(
    http: httpx2.AsyncClient, stranger: httpx2.AsyncClient, url: str
) -> None:
    described = schemathesis.openapi.from_dict((await stranger.get(url + "/schema")).json())
    token = (await http.post("/invitations", json={"email": "ann@example.test"})).json()["data"]["token"]
    person = {"email": "ann@example.test", "password": "four random words"}
    tried: list[tuple[str, dict[str, Any]]] = [
        ("/v1/invitations/accept", person | {"token": token}),
        ("/v1/session", person),
    ]
    cookies: list[str] = []
    for path, body in tried:
        case = described[path]["POST"].Case(body=body, media_type="application/json")
        answer = await asyncio.to_thread(case.call, base_url=url)
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code == 201
        cookies = answer.headers.get("set-cookie", [])
    assert all("SameSite=lax" in cookie and "Path=/" in cookie for cookie in cookies)
    assert ["HttpOnly" in cookie for cookie in cookies] == [True, False]
    out = described["/v1/session"]["DELETE"].Case()
    answer = await asyncio.to_thread(out.call, base_url=url)
    out.validate_response(answer, checks=CHECKS)
    assert answer.status_code == 204
