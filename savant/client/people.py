"""People, what lets them in, what they share, and what they did: the nouns of a server."""

from __future__ import annotations

import builtins

from savant.client.transport import Transport
from savant.schemas.audit import AuditLog, AuditQuery
from savant.schemas.base import Page
from savant.schemas.keys import ApiKey, ApiKeyCreate, LoginSession
from savant.schemas.people import (
    Invitation,
    InvitationCreate,
    Me,
    Member,
    MemberAdd,
    MemberUpdate,
    MeUpdate,
    Team,
    TeamCreate,
    TeamUpdate,
    Workspace,
    WorkspaceCreate,
    WorkspaceUpdate,
)
from savant.schemas.shares import Share, ShareCreate, ShareList


class Teams:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> builtins.list[Team]:
        return await self._transport.call("teams", "list", builtins.list[Team])

    async def get(self, id: int) -> Team:
        return await self._transport.call("teams", "get", Team, id=id)

    async def create(self, create: TeamCreate) -> Team:
        return await self._transport.call("teams", "create", Team, create=create)

    async def update(self, id: int, update: TeamUpdate) -> Team:
        return await self._transport.call("teams", "update", Team, id=id, update=update)

    async def delete(self, id: int) -> None:
        await self._transport.call("teams", "delete", type(None), id=id)


class Members:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, team_id: int) -> builtins.list[Member]:
        return await self._transport.call("members", "list", builtins.list[Member], team_id=team_id)

    async def add(self, team_id: int, add: MemberAdd) -> Invitation:
        """Ask somebody in; they are a member once they accept."""
        return await self._transport.call("members", "add", Invitation, team_id=team_id, add=add)

    async def update(self, team_id: int, user_id: int, update: MemberUpdate) -> Member:
        return await self._transport.call("members", "update", Member, team_id=team_id, user_id=user_id, update=update)

    async def remove(self, team_id: int, user_id: int) -> None:
        await self._transport.call("members", "remove", type(None), team_id=team_id, user_id=user_id)


class Workspaces:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> builtins.list[Workspace]:
        return await self._transport.call("workspaces", "list", builtins.list[Workspace])

    async def get(self, id: int) -> Workspace:
        return await self._transport.call("workspaces", "get", Workspace, id=id)

    async def create(self, create: WorkspaceCreate) -> Workspace:
        return await self._transport.call("workspaces", "create", Workspace, create=create)

    async def update(self, id: int, update: WorkspaceUpdate) -> Workspace:
        return await self._transport.call("workspaces", "update", Workspace, id=id, update=update)

    async def delete(self, id: int) -> None:
        await self._transport.call("workspaces", "delete", type(None), id=id)


class Invitations:
    """Links that make members; `token` is shown when one is made."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> builtins.list[Invitation]:
        return await self._transport.call("invitations", "list", builtins.list[Invitation])

    async def create(self, create: InvitationCreate) -> Invitation:
        return await self._transport.call("invitations", "create", Invitation, create=create)

    async def delete(self, id: int) -> None:
        await self._transport.call("invitations", "delete", type(None), id=id)


class Shares:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, query: ShareList | None = None) -> builtins.list[Share]:
        return await self._transport.call("shares", "list", builtins.list[Share], query=query or ShareList())

    async def create(self, create: ShareCreate) -> Share:
        return await self._transport.call("shares", "create", Share, create=create)

    async def delete(self, id: int) -> None:
        await self._transport.call("shares", "delete", type(None), id=id)


class ApiKeys:
    """Keys of programs; `key` is shown when one is made."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> builtins.list[ApiKey]:
        return await self._transport.call("api_keys", "list", builtins.list[ApiKey])

    async def get(self, id: int) -> ApiKey:
        return await self._transport.call("api_keys", "get", ApiKey, id=id)

    async def create(self, create: ApiKeyCreate) -> ApiKey:
        return await self._transport.call("api_keys", "create", ApiKey, create=create)

    async def delete(self, id: int) -> None:
        """Revoke it."""
        await self._transport.call("api_keys", "delete", type(None), id=id)


class LoginSessions:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> builtins.list[LoginSession]:
        return await self._transport.call("login_sessions", "list", builtins.list[LoginSession])

    async def delete(self, id: int) -> None:
        await self._transport.call("login_sessions", "delete", type(None), id=id)


class Myself:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self) -> Me:
        return await self._transport.call("me", "get", Me)

    async def update(self, update: MeUpdate) -> Me:
        return await self._transport.call("me", "update", Me, update=update)


class AuditLogs:
    """Who changed what, from where."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, query: AuditQuery | None = None) -> Page[AuditLog]:
        return await self._transport.call("audit_logs", "list", Page[AuditLog], query=query or AuditQuery())

    async def export(self, query: AuditQuery | None = None) -> builtins.list[AuditLog]:
        return await self._transport.call("audit_logs", "export", builtins.list[AuditLog], query=query or AuditQuery())
