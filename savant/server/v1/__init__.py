"""REST, version 1: the nouns and what may be asked of each."""

from __future__ import annotations

from savant.server.endpoints import endpoints
from savant.server.v1.agents import Agents
from savant.server.v1.api_keys import ApiKeys
from savant.server.v1.approvals import Approvals
from savant.server.v1.audit_logs import AuditLogs
from savant.server.v1.budgets import Budgets
from savant.server.v1.conversations import Conversations
from savant.server.v1.definitions import Definitions
from savant.server.v1.invitations import Invitations
from savant.server.v1.jobs import Jobs
from savant.server.v1.login_sessions import LoginSessions
from savant.server.v1.me import Myself
from savant.server.v1.members import Members
from savant.server.v1.models import Models
from savant.server.v1.personas import Personas
from savant.server.v1.previews import Previews
from savant.server.v1.replays import Replays
from savant.server.v1.repositories import Repositories
from savant.server.v1.rulesets import Rulesets
from savant.server.v1.runs import Runs
from savant.server.v1.search import Search
from savant.server.v1.secrets import Secrets
from savant.server.v1.shares import Shares
from savant.server.v1.storage import Storage
from savant.server.v1.teams import Teams
from savant.server.v1.tools import Tools
from savant.server.v1.versions import Versions
from savant.server.v1.workflows import Workflows
from savant.server.v1.workspaces import Workspaces

DOORS: dict[str, type] = {
    "agents": Agents,
    "workflows": Workflows,
    "runs": Runs,
    "replays": Replays,
    "previews": Previews,
    "personas": Personas,
    "rulesets": Rulesets,
    "definitions": Definitions,
    "versions": Versions,
    "approvals": Approvals,
    "budgets": Budgets,
    "secrets": Secrets,
    "conversations": Conversations,
    "repositories": Repositories,
    "tools": Tools,
    "search": Search,
    "models": Models,
    "storage": Storage,
    "jobs": Jobs,
    "teams": Teams,
    "members": Members,
    "workspaces": Workspaces,
    "invitations": Invitations,
    "shares": Shares,
    "api_keys": ApiKeys,
    "login_sessions": LoginSessions,
    "me": Myself,
    "audit_logs": AuditLogs,
}
ENDPOINTS = [endpoint for noun, door in DOORS.items() for endpoint in endpoints(noun, door)]
