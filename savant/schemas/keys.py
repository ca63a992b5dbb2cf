"""What lets somebody in: API keys and login sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from savant.schemas.base import Input, Name, Schema
from savant.schemas.people import Days, Email

Scope = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z][a-z-]*:(\*|[a-z]+))$", max_length=100)]


class ApiKey(Schema):
    """A key without its secret; `prefix` is how it begins. `scopes` None is all that its person may do."""

    id: int
    user_id: int
    name: str
    prefix: str
    scopes: list[str] | None
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_ip: str | None
    revoked_at: datetime | None
    created_at: datetime
    key: str | None = None


class ApiKeyCreate(Input):
    """`scopes` are of the form `runs:execute`, `agents:*` or `*`; `days` None is a key that does not expire."""

    name: Name
    scopes: list[Scope] | None = None
    days: Days | None = 365


class LoginSession(Schema):
    id: int
    ip_address: str | None
    user_agent: str | None
    expires_at: datetime
    created_at: datetime


class SignIn(Input):
    email: Email
    password: str


class SignedIn(Schema):
    """`token` is what the cookie holds; it is shown once."""

    token: str
    user_id: int
    expires_at: datetime
