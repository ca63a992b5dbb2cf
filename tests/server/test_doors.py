"""No address answers somebody unknown, but those that are listed here."""

from __future__ import annotations

import httpx2

from savant.server.app import create_app

OPEN = {
    "GET /schema",
    "POST /v1/session",
    "POST /v1/session/once",
    "DELETE /v1/session",
    "POST /v1/invitations/accept",
}


async def test_nothing_answers_without_a_key(stranger: httpx2.AsyncClient) -> None:
    app = create_app(None)  # pyright: ignore[reportArgumentType]
    places = [(method, route.path_format) for route in app.routes for method in getattr(route, "methods", ())]
    assert len(places) > 60
    answered: set[str] = set()
    for method, path in places:
        if method != "OPTIONS":
            url = str(stranger.base_url).removesuffix("/v1/") + path.replace("{", "").replace("}", "")
            answer = await stranger.request(method, url)
            if answer.status_code != 401:
                answered.add(f"{method} {path}")
    assert answered == OPEN
