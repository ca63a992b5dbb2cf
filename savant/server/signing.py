"""Signing in and out in a browser, and accepting an invitation: open to whoever is not known yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Request, Response, delete, post
from litestar.datastructures import Cookie

from savant import clock
from savant.schemas.base import Input, Schema
from savant.schemas.keys import SignedIn, SignIn
from savant.schemas.people import InvitationAccept
from savant.schemas.routes import Method, Route
from savant.server import csrf
from savant.server.arguments import from_body
from savant.server.auth import COOKIE, OPEN, opened
from savant.server.endpoints import Endpoint
from savant.server.envelope import answer
from savant.server.openapi import DESCRIBED
from savant.server.requests import request_id
from savant.services import installations, invitations, login_sessions
from savant.services.proving import Caller

Ask = Request[Any, Any, Any]


class OnceToken(Input):
    """A token that signs in once."""

    token: str


class Session(Schema):
    """Who signed in, and until when the cookie is good."""

    user_id: int
    expires_at: datetime


class Accepted(Schema):
    """Who is a member now."""

    user_id: int


def _door(noun: str, verb: str, method: Method, path: str, takes: Any, returns: Any, summary: str) -> dict[str, Any]:
    """Open to everybody, and described like the rest."""
    route = Route(method, path)
    return {OPEN: True, DESCRIBED: Endpoint(noun, verb, route, {}, takes, "given", returns, summary, open=True)}


IN = _door("session", "sign_in", "POST", "/session", SignIn, Session, "Sign in with a password; sets the cookie.")
ONCE = _door("session", "sign_in_once", "POST", "/session/once", OnceToken, Session, "Sign in with a token, once.")
OUT = _door("session", "sign_out", "DELETE", "/session", None, type(None), "End the session of the cookie.")
ACCEPT = _door("invitations", "accept", "POST", "/invitations/accept", InvitationAccept, Accepted, "Become a member.")


@post("/v1/session", opt=IN, include_in_schema=False)
async def sign_in(request: Ask) -> Response[bytes]:
    """Sign in with an address of mail and a password; the answer sets the cookie."""
    given = await from_body(SignIn, request)
    return _signed_in(request, await login_sessions.sign_in(opened(request), given, _from(request)))


@post("/v1/session/once", opt=ONCE, include_in_schema=False)
async def sign_in_once(request: Ask) -> Response[bytes]:
    """Sign in with a token that is good once."""
    given = await from_body(OnceToken, request)
    return _signed_in(request, await login_sessions.sign_in_once(opened(request), given.token, _from(request)))


@delete("/v1/session", opt=OUT, include_in_schema=False, status_code=200)
async def sign_out(request: Ask) -> Response[bytes]:
    """End the session of the cookie."""
    if session := request.cookies.get(COOKIE):
        csrf.check(request, session, opened(request).settings.server.public_url)
        await login_sessions.sign_out(opened(request), session, _from(request))
    gone = answer(None, request_id(request.scope), 204)
    for name in (COOKIE, csrf.COOKIE):
        gone.delete_cookie(name)
    return gone


@post("/v1/invitations/accept", opt=ACCEPT, include_in_schema=False)
async def accept(request: Ask) -> Response[bytes]:
    """Become a member, with a new account or one's own."""
    given = await from_body(InvitationAccept, request)
    user_id = await invitations.accept(opened(request), given, _from(request))
    return answer(Accepted(user_id=user_id), request_id(request.scope), 201)


def _signed_in(request: Ask, signed_in: SignedIn) -> Response[bytes]:
    """The session's own secret is in a cookie that no page can read; the word against forgery is in one that can."""
    shown = Session(user_id=signed_in.user_id, expires_at=signed_in.expires_at)
    made = answer(shown, request_id(request.scope), 201)
    secure = installations.is_secure(opened(request).settings, request.url.hostname or "")
    for name, value, hidden in ((COOKIE, signed_in.token, True), (csrf.COOKIE, csrf.token(signed_in.token), False)):
        made.set_cookie(
            Cookie(
                key=name, value=value, path="/", httponly=hidden, secure=secure, samesite="lax",
                max_age=round((signed_in.expires_at - clock.now()).total_seconds()),
            )
        )  # fmt: skip
    return made


def _from(request: Ask) -> Caller:
    """The address and the program that ask."""
    return Caller(request.client.host if request.client else None, request.headers.get("user-agent"))


HANDLERS = (sign_in, sign_in_once, sign_out, accept)
