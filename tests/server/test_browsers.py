"""A browser's cookie is worth nothing to another site, and nothing without the word that only this one can read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from savant.server import csrf

PERSON = {"email": "ann@example.org", "password": "four random words"}
NEW = {"name": "Mine"}


@pytest.fixture
async def browser(http: httpx2.AsyncClient, url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A member who is signed in; cookies are kept, headers are each request's own."""
    token = (await http.post("/invitations", json={})).json()["data"]["token"]
    async with httpx2.AsyncClient(base_url=url + "/v1") as client:
        assert (await client.post("/invitations/accept", json=PERSON | {"token": token})).status_code == 201
        assert (await client.post("/session", json=PERSON)).status_code == 201
        yield client


def word(browser: httpx2.AsyncClient) -> dict[str, str]:
    return {csrf.HEADER: browser.cookies[csrf.COOKIE]}


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://[", "http://127.0.0.1", "file://"])
async def test_a_change_without_the_word_or_from_elsewhere_is_refused(
    browser: httpx2.AsyncClient, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    assert (await browser.post("/agents", json=NEW, headers=headers)).status_code == 403
    assert (await browser.post("/agents", json=NEW, headers=headers | {csrf.HEADER: "x"})).status_code == 403
    if origin is not None:
        assert (await browser.post("/agents", json=NEW, headers=headers | word(browser))).status_code == 403
        assert (await browser.delete("/session", headers=headers | word(browser))).status_code == 403
    assert (await browser.get("/agents")).json()["data"] == []


async def test_from_here_and_with_the_word_it_is_done(browser: httpx2.AsyncClient, url: str) -> None:
    headers = word(browser) | {"Origin": url}
    assert (await browser.post("/agents", json=NEW, headers=headers)).status_code == 201
    assert (await browser.post("/agents", json={"name": "Other"}, headers=word(browser))).status_code == 201
    assert (await browser.delete("/session", headers=headers)).status_code == 204
    assert (await browser.get("/agents")).status_code == 401


async def test_a_form_of_another_site_signs_nobody_in(stranger: httpx2.AsyncClient) -> None:
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        form = b'{"email":"a@b.c","password":"x"}'
        answer = await stranger.post("/session", content=form, headers={"Content-Type": media})
        assert answer.status_code == 415, media


async def test_signing_in_never_goes_on_with_a_session_that_was_there(browser: httpx2.AsyncClient, url: str) -> None:
    cookie = {"Cookie": "savant_session=chosen-by-somebody-else"}
    async with httpx2.AsyncClient(base_url=url + "/v1") as other:
        signed = await other.post("/session", json=PERSON, headers=cookie)
        assert signed.status_code == 201
        assert "chosen-by-somebody-else" not in str(signed.headers.get_list("set-cookie"))
    async with httpx2.AsyncClient(base_url=url + "/v1") as other:
        assert (await other.get("/me", headers=cookie)).status_code == 401


@pytest.mark.parametrize("origin", [None, "https://evil.example", "http://["])
async def test_no_other_site_follows_a_run_by_web_socket(
    browser: httpx2.AsyncClient, url: str, origin: str | None
) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    more: dict[str, Any] = {} if origin is None else {"origin": origin}
    address = f"{url.replace('http', 'ws', 1)}/v1/runs/1/socket"
    with pytest.raises(InvalidStatus):
        async with connect(address, additional_headers={"Cookie": cookies}, **more):
            pass
