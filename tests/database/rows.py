"""One row of every table, in an order that foreign keys allow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from savant import clock
from savant.database.connect import Database
from savant.database.tenancy import ACROSS
from savant.database.work import UnitOfWork
from savant.models.agent import Agent
from savant.models.agent_ruleset import AgentRuleset
from savant.models.agent_tool import AgentTool
from savant.models.api_key import ApiKey
from savant.models.approval import Approval
from savant.models.audit_log import AuditLog
from savant.models.blob import Blob
from savant.models.budget import Budget
from savant.models.chunk import Chunk
from savant.models.conversation import Conversation
from savant.models.conversation_turn import ConversationTurn
from savant.models.definition_version import DefinitionVersion
from savant.models.idempotency_key import IdempotencyKey
from savant.models.invitation import Invitation
from savant.models.login_session import LoginSession
from savant.models.memory import Memory
from savant.models.persona import Persona
from savant.models.repository import Repository
from savant.models.repository_commit import RepositoryCommit
from savant.models.repository_file import RepositoryFile
from savant.models.reservation import Reservation
from savant.models.ruleset import Ruleset
from savant.models.run import Run
from savant.models.secret import Secret
from savant.models.share import Share
from savant.models.spending import Spending
from savant.models.step import Step
from savant.models.team import Team
from savant.models.team_member import TeamMember
from savant.models.tool import Tool
from savant.models.trace import Trace
from savant.models.user import User
from savant.models.webhook import Webhook
from savant.models.webhook_delivery import WebhookDelivery
from savant.models.workflow import Workflow
from savant.models.workspace import Workspace
from savant.schemas.actors import Actor, Role


async def add(session: AsyncSession, row: Any) -> Any:
    """Insert one row and return it, with its number."""
    session.add(row)
    await session.flush()
    return row


async def add_user(superuser: Database, name: str, team_id: int, role: Role = "member") -> int:
    """Somebody in a team, by somebody who may do anything."""
    async with AsyncSession(superuser.engine, expire_on_commit=False) as session, session.begin():
        user = await add(session, User(email=f"{name}@example.test", encrypted_password="!", name=name))
        await add(session, TeamMember(team_id=team_id, user_id=user.id, role=role))
        return user.id


async def add_workspace(superuser: Database, name: str) -> Actor:
    """A team with one workspace, and its one user."""
    async with AsyncSession(superuser.engine, expire_on_commit=False) as session, session.begin():
        team = await add(session, Team(name=name, slug=name))
        workspace = await add(session, Workspace(team_id=team.id, name=name, slug=name))
    user_id = await add_user(superuser, name, team.id, "owner")
    return Actor(user_id=user_id, workspace_id=workspace.id, team_id=team.id, role="owner")


async def add_everything(work: UnitOfWork) -> dict[str, Any]:
    """A row of every table that belongs to the actor's workspace, person or team, by table name."""
    session = work.session
    session.info[ACROSS] = True
    workspace_id = work.actor.workspace_id
    of: dict[str, Any] = {"workspace_id": workspace_id}
    made: dict[str, Any] = {}

    async def make(row: Any) -> Any:
        made[row.__tablename__] = await add(session, row)
        return row

    persona = await make(Persona(**of, name="P", slug="p", instructions="Be exact."))
    ruleset = await make(Ruleset(**of, name="R", slug="r", rules=[{"text": "No."}]))
    tool = await make(Tool(**of, name="T", slug="t", schema={"type": "object"}))
    agent = await make(Agent(**of, name="A", slug="a", persona_id=persona.id, tags=["x", "y"], config={"max_steps": 3}))
    await make(AgentRuleset(agent_id=agent.id, ruleset_id=ruleset.id))
    await make(AgentTool(agent_id=agent.id, tool_id=tool.id))
    await make(Workflow(**of, name="W", slug="w", definition={"steps": []}))
    repository = await make(Repository(**of, name="G", slug="g"))
    file = await make(
        RepositoryFile(repository_id=repository.id, path="a.py", content_hash="d" * 64, size=1, indexed_at=clock.now(),
                       text="a")
    )  # fmt: skip
    await make(
        Chunk(repository_id=repository.id, file_id=file.id, first_line=1, last_line=1, symbol="", kind="lines",
              content_hash="e" * 32)
    )  # fmt: skip
    await make(RepositoryCommit(repository_id=repository.id, sha="f" * 40, subject="Begin", paths=["a.py"]))
    version = await make(
        DefinitionVersion(**of, kind="agent", slug="a", definition={"z": 1, "a": 1.0}, content_hash="a" * 64)
    )
    await make(Blob(**of, sha256="b" * 64, size=3, data=b"abc"))
    run = await make(Run(**of, runnable_type="agent", runnable_id=agent.id, runnable_slug="a", version_id=version.id))
    step = await make(
        Step(run_id=run.id, step_number=1, path="a/1", step_type="tool", effect="read", input_hash="c" * 64,
             agent_id=agent.id)
    )  # fmt: skip
    await make(
        Trace(run_id=run.id, seq=1, step_id=step.id, event_type="step.started", payload={}, timestamp=clock.now())
    )
    await make(Approval(run_id=run.id, path="a/1", kind="tool"))
    await make(Budget(**of, period="day", usd=1.5))
    await make(Spending(**of, day="2026-03-01", scope="agent", slug="a", usd=0.25))
    await make(Reservation(**of, run_id=run.id, path="a/1/model", usd=0.5))
    await make(Memory(**of, agent="a", text="Tests run with make.", words="tests run with make", tags=["x"]))
    await make(Secret(**of, name="TOKEN", key_id="k" * 16, sealed=b"sealed"))
    await make(IdempotencyKey(**of, user_id=work.actor.user_id, key_hash="h" * 64, request_hash="i" * 64))
    talk = await make(Conversation(**of, agent="a"))
    await make(ConversationTurn(conversation_id=talk.id, run_id=run.id, said="Hello"))
    await make(Share(**of, shareable_type="agent", shareable_id=agent.id, shared_with_type="public"))
    await make(
        ApiKey(**of, user_id=work.actor.user_id, name="K", prefix=f"svt_{workspace_id}", key_hash="g" * 64,
               scopes=["runs:read"])
    )  # fmt: skip
    later = clock.now() + timedelta(days=1)
    secret = str(workspace_id).rjust(64, "0")
    await make(LoginSession(user_id=work.actor.user_id, token_hash=secret, expires_at=later, ip_address="127.0.0.1"))
    await make(Invitation(team_id=work.actor.team_id, token_hash=secret, expires_at=later))
    await make(AuditLog(**of, action="create", ip_address="127.0.0.1", details={"to": "A"}))
    hook = await make(Webhook(**of, url="https://example.test", events=["run.completed"]))
    await make(WebhookDelivery(webhook_id=hook.id, event="run.completed", payload={}))
    return made
