"""Two teams at one door: what is another team's is, at every address and for every role, as if it were not there."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import Engine, Select, event, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import InvalidStatus

from savant.database.connect import Database
from savant.database.seed import local_actor
from savant.models.all import metadata
from savant.policies import RULES
from savant.schemas.actors import ROLES, Role
from savant.schemas.repositories import RepositoryCreate
from savant.server.endpoints import Endpoint
from savant.server.v1 import ENDPOINTS
from savant.services import actors
from savant.services.app import App
from savant.services.perform import perform
from savant.settings import ServerSettings, Settings
from tests.database.rows import add_everything, add_workspace
from tests.serving import mint, serving

MARK = "canary"
NOWHERE = 999_999
TEXTS = ("name", "slug", "subject", "text", "said", "agent", "goal", "runnable_slug", "path")
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("runs", "fork"): {"at": "1"},
    ("members", "add"): {"email": "x@example.test"},
    ("members", "update"): {"role": "viewer"},
    ("teams", "update"): {"name": "Mine"},
    ("workspaces", "update"): {"name": "Mine"},
}
ITEMS = [endpoint for endpoint in ENDPOINTS if endpoint.path]
LISTS = [endpoint for endpoint in ENDPOINTS if not endpoint.path and endpoint.route.method == "GET"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    unlimited = ServerSettings(requests_per_minute=0, strangers_per_minute=0)
    return msgspec.structs.replace(settings, server=unlimited)


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    async with serving(settings) as address:
        yield address


@pytest.fixture
async def theirs(database: Database, superuser: Database) -> dict[str, Any]:
    """A row of every table of another team, with the mark in whatever of it is text."""
    actor = await add_workspace(superuser, MARK)
    async with database.work(actor) as work:
        made = await add_everything(work)
        for row in made.values():
            for column in TEXTS:
                if isinstance(getattr(row, column, None), str):
                    setattr(row, column, MARK)
        made["secrets"].name = MARK.upper()
        made["shares"].shared_with_type, made["shares"].shared_with_id = "team", actor.team_id
        made["runs"].status, made["runs"].error_code = "waiting", "approval_needed"
        made["runs"].idempotency_key = MARK
    ids = {table: getattr(row, "id", None) for table, row in made.items()}
    job = await dead_job(superuser, {"workspace_id": actor.workspace_id, "run_id": made["runs"].id, "canary": MARK})
    return {**ids, "jobs": job, "teams": actor.team_id, "workspaces": actor.workspace_id, "users": actor.user_id}


async def dead_job(superuser: Database, arguments: dict[str, Any]) -> int:
    """The number of a job that failed for good; on SQLite there are none."""
    if superuser.dialect == "sqlite":
        return 1
    statement = text(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, attempts)"
        " VALUES ('default', 'execute_run', 'failed', CAST(:arguments AS jsonb), 8) RETURNING id"
    )
    async with superuser.engine.begin() as connection:
        return (await connection.execute(statement, {"arguments": json.dumps(arguments)})).scalar_one()


def to(url: str, key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url + "/v1", headers={"Authorization": f"Bearer {key}"})


def named(endpoint: Endpoint, name: str, ids: dict[str, Any]) -> str:
    """What stands in a path for something of theirs."""
    if name == "version":
        return "1"
    if name == "user_id":
        return str(ids["users"])
    if name in ("ref", "slug"):
        return MARK.upper() if endpoint.noun == "secrets" else MARK
    noun = "teams" if name == "team_id" else {"replays": "runs"}.get(endpoint.noun, endpoint.noun)
    return str(ids[noun])


def missing(name: str, value: str) -> str:
    """What stands there for something that is nowhere."""
    if name == "version":
        return value
    return str(NOWHERE) if value.isdecimal() else "NOWHERE" if value.isupper() else "nowhere"


async def ask(http: httpx2.AsyncClient, endpoint: Endpoint, values: dict[str, str]) -> tuple[int, str]:
    path = endpoint.route.path.format(**values)
    query = {"other": values["id"]} if (endpoint.noun, endpoint.verb) == ("replays", "diff") else None
    body = None if endpoint.in_query else BODIES.get((endpoint.noun, endpoint.verb), {})
    return plain(await http.request(endpoint.route.method, path, json=body, params=query), *values.values())


def plain(answer: httpx2.Response, *said: Any) -> tuple[int, str]:
    """The status and the text without what was named, times, and the numbers of the request and of what is new."""
    body = re.sub(r'"(request_id|timestamp|created_at|updated_at)":"[^"]*"|"id":\d+', "", answer.text)
    for value in sorted(map(str, said), key=len, reverse=True):
        body = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", "X", body)
    return answer.status_code, body


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
async def test_at_every_address_it_is_as_if_it_were_not_there(
    url: str, superuser: Database, theirs: dict[str, Any], role: Role
) -> None:
    before = await everything(superuser)
    async with to(url, await mint(superuser, role=role)) as http:
        for endpoint in ITEMS:
            known = {name: named(endpoint, name, theirs) for name in endpoint.path}
            nowhere = {name: missing(name, value) for name, value in known.items()}
            status, said = await ask(http, endpoint, known)
            assert (status, said) == await ask(http, endpoint, nowhere), endpoint.name
            least = RULES[endpoint.noun][endpoint.verb].role
            assert status == (404 if ROLES.index(role) >= ROLES.index(least) else 403), (endpoint.name, said)
        for endpoint in LISTS:
            assert MARK not in (await http.get(endpoint.route.path)).text.lower(), endpoint.name
    assert await everything(superuser) == before


async def everything(superuser: Database) -> dict[str, list[Any]]:
    """All that is theirs, as it is now."""
    left: dict[str, list[Any]] = {}
    async with AsyncSession(superuser.engine) as session:
        for table in metadata.sorted_tables:
            rows = (await session.connection()).execute
            if table.name not in ("audit_logs", "api_keys", "users", "team_members", "rate_limits"):
                statement: Select[Any] = select(table)
                left[table.name] = sorted(map(repr, (await rows(statement)).all()))
    return left


def said_elsewhere(ids: dict[str, Any], slug: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Requests that name it in their body or query."""
    workflow = {"w": {"name": "W", "steps": [{"id": "a", "set": {"x": 1}}]}}
    agent = {"name": "Mine", "persona": slug}
    return [
        ("POST", "/runs", {"type": "agent", "slug": slug, "goal": "x"}),
        ("POST", "/runs", {"type": "workflow", "slug": slug}),
        ("POST", "/runs", {
            "type": "workflow", "slug": "w", "bundle": {"workflows": workflow}, "conversation_id": ids["conversations"],
        }),
        ("POST", "/runs/plan", {"type": "workflow", "slug": slug}),
        ("POST", "/runs/prompt", {"type": "agent", "slug": slug}),
        ("POST", "/agents", agent),
        ("POST", "/definitions/apply", {"bundle": {"agents": {"mine": agent}}}),
        ("POST", "/conversations", {"agent": slug}),
        *(("POST", "/shares", {"type": kind, "ref": slug, "with_type": "public"}) for kind in ("agent", "workflow")),
        ("POST", "/shares", {"type": "run", "ref": str(ids["runs"]), "with_type": "public"}),
        ("POST", "/search", {"query": "Tests run with make", "repositories": [slug]}),
        ("POST", "/storage/gc", {"pin": [ids["runs"]]}),
        ("GET", "/runs", {"parent": ids["runs"]}),
        ("GET", "/runs", {"slug": slug}),
        ("GET", "/approvals", {"run_id": ids["runs"]}),
        ("GET", "/shares", {"type": "agent", "ref": slug}),
        ("GET", "/audit-logs", {"user_id": ids["users"]}),
        ("DELETE", "/budgets", {"scope": "agent", "slug": slug, "period": "day"}),
    ]  # fmt: skip


async def test_what_a_body_or_a_query_names_is_not_there_either(
    url: str, superuser: Database, theirs: dict[str, Any]
) -> None:
    nothing = dict.fromkeys(theirs, NOWHERE)
    async with to(url, await mint(superuser)) as http:
        for known, unknown in zip(said_elsewhere(theirs, MARK), said_elsewhere(nothing, "nowhere"), strict=True):
            answers: list[tuple[int, str]] = []
            for (method, path, given), ids, slug in ((known, theirs, MARK), (unknown, nothing, "nowhere")):
                posts = method == "POST"
                answer = await http.request(
                    method, path, json=given if posts else None, params=None if posts else given
                )
                answers.append(plain(answer, slug, *(ids[name] for name in ("runs", "conversations", "users"))))
            assert answers[0] == answers[1], known
            assert answers[0][0] < 500, known


async def test_its_events_are_followed_by_nobody_else(url: str, superuser: Database, theirs: dict[str, Any]) -> None:
    key = await mint(superuser)
    async with to(url, key) as http:
        answers = [plain(await http.get(f"/runs/{id}/events"), id) for id in (theirs["runs"], NOWHERE)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    refusals = [await refusal(url, key, id) for id in (theirs["runs"], NOWHERE)]
    assert refusals[0] == refusals[1]


async def refusal(url: str, key: str, id: int) -> tuple[Any, ...]:
    """All that a web socket which is not opened says: status, reason, headers and body."""
    address = f"{url.replace('http', 'ws', 1)}/v1/runs/{id}/socket"
    with pytest.raises(InvalidStatus) as refused:
        async with connect_socket(address, additional_headers={"Authorization": f"Bearer {key}"}):
            pass
    answer = refused.value.response
    said = re.sub(rb"\b%d\b" % id, b"X", answer.body or b"")
    changing = ("date", "x-request-id", "content-length")
    headers = sorted((name, value) for name, value in answer.headers.raw_items() if name.lower() not in changing)
    return answer.status_code, answer.reason_phrase, headers, said


@pytest.mark.parametrize("role", ["owner", "member", "viewer"])
async def test_what_is_there_takes_no_more_statements_than_what_is_not(
    url: str, superuser: Database, theirs: dict[str, Any], role: Role, counted: list[str]
) -> None:
    async with to(url, await mint(superuser, role=role)) as http:
        await http.get("/me")
        for endpoint in ITEMS:
            known = {name: named(endpoint, name, theirs) for name in endpoint.path}
            numbers: list[list[str]] = []
            for values in (known, {name: missing(name, value) for name, value in known.items()}):
                counted.clear()
                await ask(http, endpoint, values)
                numbers.append([*counted])
            assert numbers[0] == numbers[1], endpoint.name


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement of this process; keys stay known, so that none of them is about who asks."""
    statements: list[str] = []

    def note(*said: Any) -> None:
        statements.append(said[2])

    monkeypatch.setattr(actors, "KNOWN_SECONDS", 3600.0)
    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
async def private(database: Database, superuser: Database) -> dict[str, Any]:
    """Private things of an admin in the very workspace of those who ask."""
    local = await local_actor(superuser)
    async with database.work(local) as work:
        made = await add_everything(work)
        await work.session.delete(made.pop("shares"))
        del made["audit_logs"]  # nobody changes those
        own = {"visibility": "private", "user_id": local.user_id, "created_by_id": local.user_id}
        for row in made.values():
            texts = {column: MARK for column in TEXTS if isinstance(getattr(row, column, None), str)}
            for column, value in (texts | own).items():
                if hasattr(row, column):
                    setattr(row, column, value)
        made["runs"].status, made["runs"].error_code = "waiting", "approval_needed"
    return {table: getattr(row, "id", None) for table, row in made.items()}


OF_ONES_OWN = frozenset({
    "agents", "workflows", "personas", "rulesets", "tools", "versions", "runs", "replays", "approvals", "conversations",
    "api_keys", "login_sessions",
})  # fmt: skip


async def test_what_is_private_is_to_a_colleague_as_if_it_were_not_there(
    url: str, superuser: Database, private: dict[str, Any], counted: list[str]
) -> None:
    before = await everything(superuser)
    async with to(url, await mint(superuser, role="member")) as http:
        await http.get("/me")
        for endpoint in ITEMS:
            if endpoint.noun not in OF_ONES_OWN:
                continue
            known = {name: named(endpoint, name, private) for name in endpoint.path}
            answers: list[Any] = []
            for values in (known, {name: missing(name, value) for name, value in known.items()}):
                counted.clear()
                answers.append((*await ask(http, endpoint, values), [*counted]))
            assert answers[0] == answers[1], endpoint.name
            assert answers[0][0] == 404, endpoint.name
        for endpoint in LISTS:
            if endpoint.noun in OF_ONES_OWN:
                assert MARK not in (await http.get(endpoint.route.path)).text.lower(), endpoint.name
    assert await everything(superuser) == before


async def test_a_key_that_another_team_used_first_starts_a_run_of_ones_own(
    url: str, superuser: Database, theirs: dict[str, Any]
) -> None:
    bundle = {"workflows": {"w": {"name": "W", "steps": [{"id": "a", "set": {"x": 1}}]}}}
    given = {"type": "workflow", "slug": "w", "bundle": bundle, "idempotency_key": MARK}
    async with to(url, await mint(superuser)) as http:
        answer = await http.post("/runs", json=given, headers={"Idempotency-Key": MARK})
        assert answer.status_code == 201, answer.text
        assert answer.json()["data"]["id"] != theirs["runs"]
        again = await http.post("/runs", json=given, headers={"Idempotency-Key": MARK})
        assert again.json()["data"]["id"] == answer.json()["data"]["id"]


async def test_a_key_that_a_colleague_used_first_starts_a_run_of_ones_own(url: str, superuser: Database) -> None:
    bundle = {"workflows": {"w": {"name": "W", "steps": [{"id": "a", "set": {"x": 1}}]}}}
    given = {"type": "workflow", "slug": "w", "bundle": bundle, "idempotency_key": MARK}
    numbers: set[int] = set()
    for _ in range(2):
        async with to(url, await mint(superuser, role="member")) as http:
            for _ in range(2):
                answer = await http.post("/runs", json=given, headers={"Idempotency-Key": MARK})
                assert answer.status_code == 201, answer.text
                numbers.add(answer.json()["data"]["id"])
    assert len(numbers) == 2


async def test_a_workspace_of_another_team_is_not_chosen(url: str, superuser: Database, theirs: dict[str, Any]) -> None:
    async with to(url, await mint(superuser)) as http:
        names = (f"{MARK}/{MARK}", "nowhere/nowhere")
        answers = [
            plain(await http.get("/agents", headers={"X-Savant-Workspace": name}), *name.split("/")) for name in names
        ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


async def test_a_search_finds_in_ones_own_repositories_alone(
    url: str, settings: Settings, database: Database, superuser: Database, tmp_path: Path
) -> None:
    for name, actor in ((MARK, await add_workspace(superuser, MARK)), ("ours", await local_actor(superuser))):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.py").write_text(f"def handshake():\n    return '{name}'\n")
        app = App(settings, database, actor)
        made = await perform(app, "repositories", "create", create=RepositoryCreate(path=str(folder)))
        await perform(app, "repositories", "index", ref=made.slug)
    async with to(url, await mint(superuser)) as http:
        for given in ({"query": "handshake"}, {"query": "def handshake", "regex": True}, {"symbol": "handshake"}):
            hits = (await http.post("/search", json=given)).json()["data"]["hits"]
            assert [hit["path"] for hit in hits] == ["ours.py"], given
        for given in ({"query": MARK}, {"query": MARK, "regex": True}):
            assert (await http.post("/search", json=given)).json()["data"]["hits"] == [], given
        named = [await http.post("/search", json={"query": "x", "repositories": [slug]}) for slug in (MARK, "nowhere")]
        assert plain(named[0], MARK) == plain(named[1], "nowhere")
