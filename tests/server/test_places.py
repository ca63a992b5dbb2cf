"""A caller on another machine names no file, folder or private address of the server's own, at any door."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from savant.database.connect import Database
from savant.settings import Settings
from tests.serving import mint, serving

SCRIPT = "turns:\n  - Hello.\nloop: true\n"
SECRET = "root:x:0:0"
AGENT: dict[str, Any] = {"type": "agent", "slug": "a", "goal": "Greet."}
BY_PATH = ("scripted/{here}/file", "local/{here}/file", "scripted/../file", "local/{here}/nothing.gguf")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The operator's own model is a file; there is another beside it, that is nobody's."""
    (tmp_path / "mine.yaml").write_text(SCRIPT)
    (tmp_path / "file").write_text(SECRET)
    return msgspec.structs.replace(settings, model=f"scripted/{tmp_path}/mine.yaml")


@pytest.fixture
async def there(settings: Settings, superuser: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """The owner of the team, at a server that works."""
    headers = {"Authorization": f"Bearer {await mint(superuser)}"}
    async with serving(settings, works=True) as url, httpx2.AsyncClient(base_url=url + "/v1", headers=headers) as http:
        made = await http.post("/agents", json={"name": "A"})
        assert made.status_code == 201
        yield http


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/repositories", {"path": "{here}"}),
        ("/repositories", {"url": "file://{here}"}),
        ("/repositories", {"url": "FILE://{here}"}),
        ("/repositories", {"url": "http://localhost:5432/a.git"}),
        ("/repositories", {"url": "http://127.0.0.1/a.git"}),
        ("/repositories", {"url": "http://[::1]/a.git"}),
        ("/repositories", {"url": "http://[::ffff:10.0.0.1]/a.git"}),
        ("/repositories", {"url": "http://169.254.169.254/latest/meta-data"}),
        ("/repositories", {"url": "http://10.1.2.3/a.git"}),
        ("/repositories", {"url": "https://example.org\\@127.0.0.1/a.git"}),
        ("/repositories", {"url": "ssh://git@example.org/a.git"}),
        ("/repositories", {"url": "git@example.org:a/b.git"}),
        ("/repositories", {"url": "git://example.org/a.git"}),
        ("/repositories/locate", {"target": "{here}"}),
        ("/repositories/locate", {"target": "file://{here}"}),
        ("/repositories/locate", {"target": "http://192.168.0.1/a.git"}),
        ("/runs", AGENT | {"config": {"root": "{here}"}}),
        ("/runs/plan", AGENT | {"config": {"root": "{here}"}}),
        ("/runs/prompt", AGENT | {"config": {"root": "{here}"}}),
        ("/agents/a/execute", {"goal": "Greet.", "config": {"root": "{here}"}}),
    ],
)
async def test_a_place_is_refused(there: httpx2.AsyncClient, tmp_path: Path, path: str, body: dict[str, Any]) -> None:
    refused(await there.post(path, json=filled(body, str(tmp_path))))


@pytest.mark.parametrize("model", BY_PATH)
@pytest.mark.parametrize("field", ["llm_model", "slm_model"])
async def test_a_model_by_path_is_refused_however_it_is_named(
    there: httpx2.AsyncClient, tmp_path: Path, model: str, field: str
) -> None:
    model = model.replace("{here}", str(tmp_path))
    agent = {"name": "B", "slug": "b", "config": {field: model}}
    flow = {"name": "W", "slug": "w", "steps": [{"id": "one", "agent": "b", "goal": "Greet."}]}
    for noun, body in (("agents", agent), ("workflows", flow)):
        assert (await there.post(f"/{noun}", json=body)).status_code == 201
    conversation = (await there.post("/conversations", json={"agent": "a", "model": model})).json()["data"]["id"]
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/models/test", {"id": model}),
        ("/runs", AGENT | {"config": {"model": model}}),
        ("/runs", AGENT | {"bundle": {"agents": {"a": agent}}}),
        ("/runs", {"type": "agent", "slug": "b", "goal": "Greet."}),
        ("/runs", {"type": "workflow", "slug": "w"}),
        ("/runs", AGENT | {"conversation_id": conversation, "config": {"model": model}}),
        ("/runs/prompt", AGENT | {"config": {"model": model}}),
        ("/runs/prompt", {"type": "agent", "slug": "b", "goal": "Greet."}),
        ("/agents/a/execute", {"goal": "Greet.", "config": {"model": model}}),
        ("/agents/b/execute", {"goal": "Greet."}),
        ("/workflows/w/execute", {}),
    ]
    for path, body in asked:
        answer = await there.post(path, json=body)
        if path == "/models/test":
            assert (answer.json()["data"]["ok"], answer.json()["data"]["error_code"]) == (False, "forbidden")
        else:
            refused(answer)
        assert SECRET not in answer.text
    plan = (await there.post("/runs/plan", json={"type": "agent", "slug": "a", "config": {"model": model}})).json()
    assert "on a server" in str(plan["data"]["problems"])


async def test_nor_where_a_run_is_made_of_another(there: httpx2.AsyncClient, tmp_path: Path) -> None:
    run = await ended(there, (await there.post("/runs", json=AGENT)).json()["data"]["id"])
    assert run["status"] == "completed", run
    path = f"scripted/{tmp_path}/file"
    for changed in ("model", "agent.config.llm_model", "agent.config.slm_model"):
        changes = [{"path": changed, "value": path}]
        refused(await there.post(f"/runs/{run['id']}/fork", json={"at": "1", "changes": changes}))
    record = (await there.get(f"/runs/{run['id']}/export")).json()["data"]
    hostile = copy.deepcopy(record) | {"status": "failed", "steps": []}
    hostile["program"]["models"] = {"a": path}
    kept = await there.post("/runs/import", json={"record": hostile, "traces": []})
    assert kept.status_code == 201, kept.text
    number = kept.json()["data"]["id"]
    refused(await there.post(f"/runs/{number}/retry", json={}))
    assert (await there.post(f"/runs/{number}/resume", json={})).status_code == 200
    again = await ended(there, number)
    assert (again["status"], again["error_code"]) == ("failed", "forbidden")
    assert SECRET not in str(again)


async def test_a_record_brings_nothing_under_the_name_of_something_else(there: httpx2.AsyncClient) -> None:
    run = await ended(there, (await there.post("/runs", json=AGENT)).json()["data"]["id"])
    record = (await there.get(f"/runs/{run['id']}/export")).json()["data"]
    record["blobs"]["0" * 64] = "e30="
    kept = await there.post("/runs/import", json={"record": record, "traces": []})
    assert (kept.status_code, "is not the hash" in kept.text) == (422, True)


async def test_an_operator_may_let_them(settings: Settings, superuser: Database, tmp_path: Path) -> None:
    lenient = msgspec.structs.replace(settings.server, models_by_path=True, private_addresses=True)
    headers = {"Authorization": f"Bearer {await mint(superuser)}"}
    (tmp_path / "other.yaml").write_text(SCRIPT)
    async with (
        serving(msgspec.structs.replace(settings, server=lenient)) as url,
        httpx2.AsyncClient(base_url=url + "/v1", headers=headers) as http,
    ):
        tried = (await http.post("/models/test", json={"id": f"scripted/{tmp_path}/other.yaml"})).json()["data"]
        assert tried["error_code"] != "forbidden"
        made = await http.post("/repositories", json={"url": "http://127.0.0.1:1/a.git"})
        assert made.status_code == 201


async def ended(http: httpx2.AsyncClient, number: int) -> dict[str, Any]:
    async with http.stream("GET", f"/runs/{number}/events") as stream:
        async for _ in stream.aiter_lines():
            pass
    return (await http.get(f"/runs/{number}")).json()["data"]


def refused(answer: httpx2.Response) -> None:
    assert answer.status_code == 403, answer.text
    error = answer.json()["error"]
    assert (error["code"], SECRET in answer.text) == ("forbidden", False)


def filled(value: Any, here: str) -> Any:
    if isinstance(value, dict):
        return {key: filled(inner, here) for key, inner in value.items()}
    return value.replace("{here}", here)
