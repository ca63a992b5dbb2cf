"""What surrounds the endpoints: health, measures, logs, limits, and headers against misuse."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest
from sqlalchemy.engine import make_url

from savant.crypto import new_key
from savant.database.connect import Database
from savant.database.rate_limits import forget_old, hit
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor
from savant.server.serving import complete
from savant.services import installations, rate_limits
from savant.services.app import App
from savant.settings import ServerSettings, Settings
from savant.telemetry import logs, metrics
from tests.serving import mint, serving, serving_app


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    server = ServerSettings(
        requests_per_minute=5, strangers_per_minute=3, max_body_mb=1, cors_origins="https://good.example"
    )
    return Settings(home=tmp_path, config_dir=tmp_path, database_url=database_url, server=server)


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    metrics.enable()
    async with serving_app(complete(settings)) as address:
        yield address


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    logs.configure(stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


async def test_it_lives_and_is_ready(stranger: httpx2.AsyncClient, url: str) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await stranger.get(url + path)).status_code == 200


async def test_it_is_not_ready_without_its_tables(url: str, stranger: httpx2.AsyncClient, owner: Database) -> None:
    async with owner.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    answer = await stranger.get(url + "/readyz")
    assert answer.status_code == 503
    assert "0001" in answer.json()["why"]
    assert (await stranger.get(url + "/healthz")).status_code == 200


async def test_what_is_wrong_with_the_database_is_not_told_to_who_asks(
    settings: Settings, http: httpx2.AsyncClient, stranger: httpx2.AsyncClient, url: str, superuser: Database
) -> None:
    name = make_url(settings.database).database
    admin = superuser.url.set(database="postgres").render_as_string(hide_password=False)
    async with Database.open(admin) as elsewhere, elsewhere.engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        say = autocommit.exec_driver_sql
        await say(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            await say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            answers = [await stranger.get(url + "/readyz"), await http.get("/agents")]
        finally:
            await say(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    for answer in answers:
        assert answer.status_code == 503
        assert "The database cannot be used now." in answer.text
        assert name and name not in answer.text


async def test_it_measures_what_it_does(http: httpx2.AsyncClient, url: str) -> None:
    await http.get("/agents")
    text = (await http.get(url + "/metrics")).text
    assert 'savant_http_request_seconds_count{method="GET",route="/v1/agents",status="200"}' in text
    assert 'savant_database_query_seconds_count{kind="select"}' in text
    assert 'savant_database_connections{state="idle"}' in text


async def test_a_request_is_one_line_with_its_number_and_no_secret(
    url: str, superuser: Database, logged: io.StringIO
) -> None:
    key = await mint(superuser)
    async with httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        answer = await client.get("/v1/agents", params={"q": "x"}, headers={"X-Request-Id": "mine-1"})
    assert answer.headers["X-Request-Id"] == "mine-1"
    logging.getLogger("anybody").warning("sent Authorization: Bearer %s to postgresql://me:pa55@db/x", key)
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    told = next(line for line in lines if line["logger"] == "savant.requests")
    assert (told["request_id"], told["route"], told["status"]) == ("mine-1", "/v1/agents", 200)
    assert key not in logged.getvalue()
    assert "pa55" not in logged.getvalue()


async def test_who_asks_too_often_is_told_when_to_come_again(http: httpx2.AsyncClient, url: str) -> None:
    answers = [await http.get("/agents") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["error"]["code"] == "rate_limited"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert (await http.get(url + "/healthz")).status_code == 200


async def test_a_stranger_who_guesses_is_stopped(stranger: httpx2.AsyncClient) -> None:
    statuses = [(await stranger.get("/agents", headers={"X-Api-Key": f"svt_{n}"})).status_code for n in range(4)]
    assert statuses == [401, 401, 401, 429]


async def test_all_processes_count_together_and_none_lets_more_in(database: Database) -> None:
    async with Database.open(database.url.render_as_string(hide_password=False)) as other:
        numbers = [(await hit(each, "key:1", 60)).number for each in (database, other) * 5]
    assert numbers == list(range(1, 11))
    assert (await hit(database, "key:2", -1)).number == 1
    assert (await hit(database, "key:2", 60)).number == 1, "a window that is over begins again"
    await forget_old(database)
    assert (await hit(database, "key:1", 60)).number == 11


async def test_processes_that_take_several_at_once_let_no_more_in(settings: Settings, database: Database) -> None:
    most = msgspec.structs.replace(settings.server, requests_per_minute=200)
    allowed = msgspec.structs.replace(settings, server=most)
    who = Actor(user_id=1, workspace_id=1, team_id=1, role="owner", api_key_id=7)

    async def let_in(app: App) -> bool:
        try:
            await rate_limits.known(app, who)
        except SavantError as error:
            assert error.code is ErrorCode.RATE_LIMITED
            return False
        return True

    async with Database.open(database.url.render_as_string(hide_password=False)) as other:
        apps = [App(allowed, each, who) for each in (database, other)]
        told = await asyncio.gather(*(let_in(app) for app in apps * 150))
        alone = [await let_in(apps[0]) for _ in range(3)]
    assert 190 <= sum(told) <= 200
    assert alone == [False] * 3
    assert (await hit(database, "key:7", 60)).number < 300, "who is refused is not counted again"


async def test_a_body_too_large_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/personas", json={"name": "A", "instructions": "x" * 1_100_000})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_a_request_that_takes_too_long_ends(settings: Settings, superuser: Database) -> None:
    hasty = msgspec.structs.replace(settings, server=ServerSettings(request_seconds=0.000001))
    async with serving_app(complete(hasty)) as url, httpx2.AsyncClient(base_url=url) as client:
        answer = await client.get("/v1/agents", headers={"Authorization": f"Bearer {await mint(superuser)}"})
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "timeout"
    assert answer.json()["meta"]["request_id"] == answer.headers["X-Request-Id"]


async def test_only_sites_that_are_named_may_call_from_a_browser(stranger: httpx2.AsyncClient) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    good = await stranger.options("/agents", headers={"Origin": "https://good.example", **asked})
    assert good.headers["Access-Control-Allow-Origin"] == "https://good.example"
    bad = await stranger.options("/agents", headers={"Origin": "https://bad.example", **asked})
    assert "Access-Control-Allow-Origin" not in bad.headers


async def test_every_answer_is_closed_to_misuse_in_a_browser(stranger: httpx2.AsyncClient, url: str) -> None:
    for path in ("/healthz", "/v1/agents", "/nothing"):
        headers = (await stranger.get(url + path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert "server" not in headers


@pytest.mark.parametrize(
    ("host", "server", "told"),
    [
        ("0.0.0.0", ServerSettings(), "HTTPS"),
        ("127.0.0.1", ServerSettings(cors_origins="*"), "every site"),
    ],
)
def test_a_production_server_refuses_what_is_unsafe(
    settings: Settings, host: str, server: ServerSettings, told: str
) -> None:
    unsafe = msgspec.structs.replace(settings, database_url="postgresql://savant_app@db/savant", server=server)
    with pytest.raises(SavantError, match=told):
        installations.refuse_unsafe(unsafe, host)


def test_a_production_server_behind_https_is_let_be(settings: Settings) -> None:
    server = ServerSettings(public_url="https://savant.example")
    safe = msgspec.structs.replace(
        settings, database_url="postgresql://savant_app@db/savant", server=server, secret_keys=new_key()
    )
    installations.refuse_unsafe(safe, "0.0.0.0")


async def test_a_role_that_owns_the_tables_is_refused(settings: Settings, owner: Database) -> None:
    if owner.dialect == "sqlite":
        pytest.skip("SQLite has no roles")
    owned = msgspec.structs.replace(settings, database_url=owner.url.render_as_string(hide_password=False))
    with pytest.raises(SavantError, match="owns the tables"):
        async with installations.serving(owned):
            pass


async def test_the_description_of_the_api_has_what_is_beside_its_nouns(stranger: httpx2.AsyncClient, url: str) -> None:
    paths = (await stranger.get(url + "/schema")).json()["paths"]
    assert {"/healthz", "/readyz", "/metrics"} <= set(paths)
    assert set(paths["/readyz"]["get"]["responses"]) == {"200", "503"}
    events = paths["/v1/runs/{id}/events"]["get"]
    assert [*events["responses"]["200"]["content"]] == ["text/event-stream"]
    assert {"id", "after", "Last-Event-ID"} <= {one["name"] for one in events["parameters"]}


@pytest.mark.parametrize("public", [None, "https://savant.example"])
async def test_a_cookie_goes_by_https_alone_wherever_people_come_by_it(
    settings: Settings, superuser: Database, public: str | None
) -> None:
    settings = msgspec.structs.replace(settings, server=ServerSettings(public_url=public))
    headers = {"Authorization": f"Bearer {await mint(superuser)}"}
    async with serving(settings) as url, httpx2.AsyncClient(base_url=url + "/v1") as http:
        token = (await http.post("/invitations", json={}, headers=headers)).json()["data"]["token"]
        person = {"email": "ann@example.org", "password": "four random words"}
        assert (await http.post("/invitations/accept", json=person | {"token": token})).status_code == 201
        cookies = (await http.post("/session", json=person)).headers.get_list("set-cookie")
    assert ["Secure" in cookie for cookie in cookies] == [public is not None] * 2
