"""Shares: what is opened to a user, a team, everybody who is signed in, or whoever has a link."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from savant.schemas.base import Input, Schema
from savant.schemas.people import Days, Email

Shareable = Literal["agent", "workflow", "persona", "ruleset"]
SharedWith = Literal["user", "team", "public", "link"]
Permission = Literal["view", "edit", "execute", "admin"]


class Share(Schema):
    """`token` is that of a share by link, shown when it is made and never again."""

    id: int
    type: str
    ref: str
    with_type: SharedWith
    with_id: int | None
    permission: Permission
    expires_at: datetime | None
    created_by_id: int | None
    created_at: datetime
    token: str | None = None


class ShareCreate(Input):
    """`email` is of a member of the team, for `with_type` user; `days` None is for good."""

    type: Shareable
    ref: str
    with_type: SharedWith
    email: Email | None = None
    permission: Permission = "view"
    days: Days | None = None


class ShareList(Input):
    type: Shareable | None = None
    ref: str | None = None
