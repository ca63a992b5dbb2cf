"""The addresses that the specification names are there."""

from __future__ import annotations

import httpx2
import pytest

from savant.server import v1

NAMED = """
GET /agents · POST /agents · GET /agents/{ref} · PATCH /agents/{ref} · DELETE /agents/{ref}
POST /agents/{ref}/execute · GET /agents/{ref}/runs
GET /workflows · POST /workflows · GET /workflows/{ref} · PATCH /workflows/{ref} · DELETE /workflows/{ref}
POST /workflows/{ref}/execute · GET /workflows/{ref}/runs
GET /runs · GET /runs/{id} · POST /runs/{id}/stop · POST /runs/{id}/retry · GET /runs/{id}/steps · GET /runs/{id}/traces
GET /personas · POST /personas · GET /personas/{ref} · PATCH /personas/{ref} · DELETE /personas/{ref}
GET /rulesets · POST /rulesets · GET /rulesets/{ref} · PATCH /rulesets/{ref} · DELETE /rulesets/{ref}
GET /repositories · POST /repositories · GET /repositories/{ref} · PATCH /repositories/{ref}
DELETE /repositories/{ref} · POST /repositories/{ref}/index
GET /tools · POST /tools · GET /tools/{ref} · PATCH /tools/{ref} · DELETE /tools/{ref} · POST /tools/{ref}/install
GET /teams · POST /teams · GET /teams/{id} · PATCH /teams/{id} · DELETE /teams/{id}
POST /teams/{team_id}/members · DELETE /teams/{team_id}/members/{user_id}
GET /workspaces · POST /workspaces · GET /workspaces/{id} · PATCH /workspaces/{id} · DELETE /workspaces/{id}
"""


def test_every_address_of_the_specification_is_served() -> None:
    served = {f"{endpoint.route.method} {endpoint.route.path}" for endpoint in v1.ENDPOINTS}
    assert {address.strip() for address in NAMED.replace("\n", "·").split("·")} - {""} <= served


@pytest.mark.parametrize("noun", ["agents", "workflows"])
async def test_the_runs_of_what_is_not_there_are_not_there(http: httpx2.AsyncClient, noun: str) -> None:
    assert (await http.get(f"/{noun}/nobody/runs")).status_code == 404
    assert (await http.post(f"/{noun}/nobody/execute", json={"goal": "Go."})).status_code == 404
    steps = {"steps": [{"id": "a", "set": {"x": 1}}]} if noun == "workflows" else {}
    await http.post(f"/{noun}", json={"name": "A", **steps})
    assert (await http.get(f"/{noun}/a/runs")).json()["data"] == []


async def test_a_workflow_is_executed_by_its_address(http: httpx2.AsyncClient) -> None:
    await http.post("/workflows", json={"name": "A", "steps": [{"id": "a", "set": {"x": 1}}]})
    made = await http.post("/workflows/a/execute", json={})
    assert (made.status_code, made.json()["data"]["status"]) == (201, "pending")
    assert [run["id"] for run in (await http.get("/workflows/a/runs")).json()["data"]] == [made.json()["data"]["id"]]
