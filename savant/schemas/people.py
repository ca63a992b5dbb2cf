"""People: teams, their members and workspaces, invitations, and oneself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from savant.schemas.actors import ActorRole, Role
from savant.schemas.base import Input, Name, Schema, Slug

Days = Annotated[float, msgspec.Meta(gt=0, le=3650)]
Email = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+$", max_length=255)]


class Team(Schema):
    """A team, and what the asker is in it."""

    id: int
    slug: str
    name: str
    description: str | None
    role: Role
    created_at: datetime
    updated_at: datetime


class TeamCreate(Input):
    """What `teams.create` takes; the new team has a workspace `main`, and its maker is its owner."""

    name: Name
    slug: Slug | None = None
    description: str | None = None


class TeamUpdate(Input):
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET


class Member(Schema):
    """A person in a team."""

    user_id: int
    email: str
    name: str | None
    role: Role
    created_at: datetime


class MemberAdd(Input):
    """Whom to ask into a team; nobody becomes a member unasked, so what comes of it is an invitation."""

    email: Email
    role: Role = "member"


class MemberUpdate(Input):
    role: Role


class Workspace(Schema):
    id: int
    team_id: int
    team: str
    slug: str
    name: str
    description: str | None
    settings: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class WorkspaceCreate(Input):
    """What `workspaces.create` takes; it is of the team that the asker works in."""

    name: Name
    slug: Slug | None = None
    description: str | None = None


class WorkspaceUpdate(Input):
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    settings: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Invitation(Schema):
    """`token` is shown when the invitation is made, and never again; whoever accepts with it is a member."""

    id: int
    team_id: int
    email: str | None
    role: Role
    expires_at: datetime
    accepted_at: datetime | None
    created_at: datetime
    token: str | None = None


class InvitationCreate(Input):
    """Without an `email` it is for whoever has its token, once."""

    email: Email | None = None
    role: Role = "member"
    days: Days = 7


class InvitationAccept(Input):
    """`email`, `name` and `password` are for who has no account yet; others are asked for their password."""

    token: str
    email: Email
    password: str
    name: Name | None = None


class Me(Schema):
    """Who asks, where, as what; `scopes` None is all that the role allows."""

    user_id: int
    email: str
    name: str | None
    team_id: int
    team: str
    workspace_id: int
    workspace: str
    role: ActorRole
    scopes: list[str] | None
    api_key_id: int | None


class MeUpdate(Input):
    """A new password needs the old one."""

    name: Name | msgspec.UnsetType | None = msgspec.UNSET
    password: str | msgspec.UnsetType = msgspec.UNSET
    old_password: str | None = None
