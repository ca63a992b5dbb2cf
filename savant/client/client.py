"""One typed client, whatever stands behind it."""

from __future__ import annotations

from types import TracebackType

from savant.client.nouns import (
    Agents,
    Approvals,
    Budgets,
    Conversations,
    Databases,
    Definitions,
    Jobs,
    Models,
    Personas,
    Previews,
    Rulesets,
    Runs,
    Storage,
    Tools,
    Versions,
    Workflows,
)
from savant.client.people import (
    ApiKeys,
    AuditLogs,
    Invitations,
    LoginSessions,
    Members,
    Myself,
    Shares,
    Teams,
    Workspaces,
)
from savant.client.repositories import Repositories, Search
from savant.client.secrets import Secrets
from savant.client.transport import Transport
from savant.settings import Settings


class Client:
    """Every noun, every verb. Use `async with connect(settings) as client`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.agents = Agents(transport)
        self.workflows = Workflows(transport)
        self.personas = Personas(transport)
        self.rulesets = Rulesets(transport)
        self.tools = Tools(transport)
        self.definitions = Definitions(transport)
        self.models = Models(transport)
        self.runs = Runs(transport)
        self.storage = Storage(transport)
        self.jobs = Jobs(transport)
        self.databases = Databases(transport)
        self.approvals = Approvals(transport)
        self.budgets = Budgets(transport)
        self.secrets = Secrets(transport)
        self.conversations = Conversations(transport)
        self.previews = Previews(transport)
        self.versions = Versions(transport)
        self.repositories = Repositories(transport)
        self.search = Search(transport)
        self.teams = Teams(transport)
        self.members = Members(transport)
        self.workspaces = Workspaces(transport)
        self.invitations = Invitations(transport)
        self.shares = Shares(transport)
        self.api_keys = ApiKeys(transport)
        self.login_sessions = LoginSessions(transport)
        self.me = Myself(transport)
        self.audit_logs = AuditLogs(transport)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()


def connect(settings: Settings) -> Client:
    """A client for what the settings point at; nothing is opened before the first call."""
    if settings.url is not None:
        from savant.client.remote import RemoteTransport
        from savant.settings import credentials

        key = settings.api_key or credentials.find(settings.home, settings.url)
        return Client(RemoteTransport(settings.url, key, settings.workspace))
    from savant.client.local import LocalTransport

    return Client(LocalTransport(settings))
