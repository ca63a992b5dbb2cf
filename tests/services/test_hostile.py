"""Two teams and every role: what is not theirs is, to every verb, as if it were not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, text

from savant.database import tenancy
from savant.database.connect import Database
from savant.database.tenancy import TenantSession
from savant.errors import ErrorCode, SavantError
from savant.models.approval import Approval
from savant.models.run import Run
from savant.schemas.agents import AgentCreate, AgentUpdate
from savant.schemas.approvals import ApprovalAnswer, ApprovalList
from savant.schemas.audit import AuditQuery
from savant.schemas.conversations import ConversationCreate, ConversationList, ConversationUpdate
from savant.schemas.keys import ApiKeyCreate
from savant.schemas.lists import ListQuery
from savant.schemas.people import (
    InvitationCreate,
    MemberAdd,
    MemberUpdate,
    TeamUpdate,
    WorkspaceUpdate,
)
from savant.schemas.personas import PersonaCreate
from savant.schemas.replays import RunFork, RunReplay, RunRetry
from savant.schemas.runs import RunList, RunResume
from savant.schemas.search import SearchQuery
from savant.schemas.shares import ShareCreate, ShareList
from savant.schemas.tools import ToolCreate, ToolUpdate
from savant.services.actors import Credentials, identify
from savant.services.app import App
from savant.services.perform import perform
from savant.settings import Settings
from tests.database.rows import add_user, add_workspace


@pytest.fixture
async def app(tmp_path: Path, database_url: str) -> AsyncIterator[App]:
    opened = await App.open(Settings(home=tmp_path, config_dir=tmp_path, database_url=database_url))
    yield opened
    await opened.aclose()


@pytest.fixture
async def theirs(app: App) -> dict[str, int]:
    """Private things of the local owner, by noun, with their numbers."""
    await perform(app, "personas", "create", create=PersonaCreate(name="Hidden", instructions="x"))
    agent = await perform(app, "agents", "create", create=AgentCreate(name="Hidden", persona="hidden"))
    await perform(app, "tools", "create", create=ToolCreate(name="Hidden", schema={}))
    link = ShareCreate(type="agent", ref="hidden", with_type="link")
    made = {
        "agents": agent.id,
        "conversations": (await perform(app, "conversations", "create", create=ConversationCreate(agent="hidden"))).id,
        "api_keys": (await perform(app, "api_keys", "create", create=ApiKeyCreate(name="CI"))).id,
        "invitations": (await perform(app, "invitations", "create", create=InvitationCreate())).id,
        "shares": (await perform(app, "shares", "create", create=link)).id,
        "teams": app.actor.team_id,
        "workspaces": app.actor.workspace_id,
    }
    async with app.work() as work:
        run = Run(
            user_id=app.actor.user_id, runnable_type="agent", runnable_slug="hidden", visibility="private",
            status="waiting", error_code="approval_needed",
        )  # fmt: skip
        work.session.add(run)
        await work.session.flush()
        question = Approval(run_id=run.id, path="a", kind="tool", status="pending")
        work.session.add(question)
        await work.session.flush()
        return {**made, "runs": run.id, "approvals": question.id}


async def _in_team(app: App, superuser: Database, name: str, role: Any) -> App:
    user_id = await add_user(superuser, name, app.actor.team_id, role)
    return app.acting_as(msgspec.structs.replace(app.actor, user_id=user_id, role=role))


def _of_private(theirs: dict[str, int]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every verb that names a private thing."""
    run, slug = theirs["runs"], "hidden"
    return [
        ("agents", "get", {"ref": slug}),
        ("agents", "update", {"ref": slug, "update": AgentUpdate(name="Mine")}),
        ("agents", "delete", {"ref": slug}),
        ("personas", "get", {"ref": slug}),
        ("personas", "delete", {"ref": slug}),
        ("tools", "get", {"ref": slug}),
        ("tools", "update", {"ref": slug, "update": ToolUpdate(name="Mine")}),
        ("tools", "delete", {"ref": slug}),
        ("tools", "install", {"ref": slug}),
        ("versions", "list", {"kind": "agent", "slug": slug}),
        ("versions", "get", {"kind": "agent", "slug": slug, "version": 1}),
        ("versions", "rollback", {"kind": "agent", "slug": slug, "version": 1}),
        ("shares", "create", {"create": ShareCreate(type="agent", ref=slug, with_type="public")}),
        ("shares", "delete", {"id": theirs["shares"]}),
        *(("runs", verb, {"id": run}) for verb in ("get", "steps", "traces", "program", "stop", "delete")),
        ("runs", "resume", {"id": run, "options": RunResume()}),
        ("runs", "retry", {"id": run, "options": RunRetry()}),
        ("runs", "fork", {"id": run, "options": RunFork(at="1")}),
        ("replays", "replay", {"id": run, "options": RunReplay()}),
        ("replays", "diff", {"id": run, "other": run}),
        ("replays", "export", {"id": run}),
        ("approvals", "get", {"id": theirs["approvals"]}),
        ("approvals", "approve", {"id": theirs["approvals"], "answer": ApprovalAnswer()}),
        ("approvals", "deny", {"id": theirs["approvals"], "answer": ApprovalAnswer()}),
        ("conversations", "get", {"id": theirs["conversations"]}),
        ("conversations", "update", {"id": theirs["conversations"], "update": ConversationUpdate()}),
        ("conversations", "delete", {"id": theirs["conversations"]}),
        ("api_keys", "get", {"id": theirs["api_keys"]}),
        ("api_keys", "delete", {"id": theirs["api_keys"]}),
    ]


def _of_team(theirs: dict[str, int], user_id: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Every verb that names a team, a workspace or what a team has."""
    team, workspace = theirs["teams"], theirs["workspaces"]
    return [
        ("teams", "get", {"id": team}),
        ("teams", "update", {"id": team, "update": TeamUpdate(name="Mine")}),
        ("teams", "delete", {"id": team}),
        ("members", "list", {"team_id": team}),
        ("members", "add", {"team_id": team, "add": MemberAdd(email="me@example.test", role="owner")}),
        ("members", "update", {"team_id": team, "user_id": user_id, "update": MemberUpdate(role="viewer")}),
        ("members", "remove", {"team_id": team, "user_id": user_id}),
        ("workspaces", "get", {"id": workspace}),
        ("workspaces", "update", {"id": workspace, "update": WorkspaceUpdate(name="Mine")}),
        ("workspaces", "delete", {"id": workspace}),
        ("invitations", "delete", {"id": theirs["invitations"]}),
    ]


LISTS: list[tuple[str, Any]] = [
    ("agents", ListQuery()), ("personas", ListQuery()), ("tools", ListQuery()), ("workflows", ListQuery()),
    ("runs", RunList()), ("approvals", ApprovalList(status=None)), ("conversations", ConversationList()),
    ("shares", ShareList()),
]  # fmt: skip


async def _failure(app: App, noun: str, verb: str, arguments: dict[str, Any]) -> SavantError:
    with pytest.raises(SavantError) as refused:
        await perform(app, noun, verb, **arguments)
    return refused.value


async def _nothing_listed(app: App) -> None:
    for noun, query in LISTS:
        found = await perform(app, noun, "list", query=query)
        assert (found if isinstance(found, list) else found.items) == [], noun


def _missing(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same question about what is nowhere."""
    swap = {"ref": "nowhere", "slug": "nowhere", "id": 999_999, "team_id": 999_999, "other": 999_999}
    changed: dict[str, Any] = {name: swap.get(name, value) for name, value in arguments.items()}
    if isinstance(given := changed.get("create"), ShareCreate):
        changed["create"] = msgspec.structs.replace(given, ref="nowhere")
    return changed


async def test_to_another_team_it_is_all_not_there(app: App, superuser: Database, theirs: dict[str, int]) -> None:
    stranger = app.acting_as(await add_workspace(superuser, "other"))
    for noun, verb, arguments in (*_of_private(theirs), *_of_team(theirs, app.actor.user_id)):
        failure, nowhere = [await _failure(stranger, noun, verb, asked) for asked in (arguments, _missing(arguments))]
        assert failure.code is ErrorCode.NOT_FOUND, (noun, verb, failure)
        said, said_of_nothing = _plain(str(failure), arguments), _plain(str(nowhere), _missing(arguments))
        assert (said, failure.details) == (said_of_nothing, nowhere.details), (noun, verb)
    await _nothing_listed(stranger)
    assert await perform(stranger, "api_keys", "list") == []
    assert await perform(stranger, "invitations", "list") == []
    assert [log.action for log in await perform(stranger, "audit_logs", "export", query=AuditQuery())] == []
    found = await _failure(stranger, "search", "search", {"query": SearchQuery(query="hidden")})
    assert "No repository is indexed" in found.message


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_the_session_keeps_another_team_out_where_no_policy_holds(
    app: App, superuser: Database, theirs: dict[str, int]
) -> None:
    others = await add_workspace(superuser, "other")
    url = superuser.url.render_as_string(hide_password=False)
    everything = await App.open(msgspec.structs.replace(app.settings, database_url=url))
    try:
        async with everything.work() as work:
            sees = await (await work.session.connection()).execute(text("SELECT count(*) FROM agents"))
            assert sees.scalar_one() == 1, "it is not held by policies"
        stranger = everything.acting_as(others)
        for noun, verb, arguments in (*_of_private(theirs), *_of_team(theirs, app.actor.user_id)):
            assert (await _failure(stranger, noun, verb, arguments)).code is ErrorCode.NOT_FOUND, (noun, verb)
        await _nothing_listed(stranger)
    finally:
        await everything.aclose()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_row_security_keeps_another_team_out_when_the_session_adds_nothing(
    app: App, superuser: Database, theirs: dict[str, int]
) -> None:
    stranger = app.acting_as(await add_workspace(superuser, "other"))
    event.remove(TenantSession, "do_orm_execute", tenancy._scope)  # pyright: ignore[reportPrivateUsage]
    try:
        for noun, verb, arguments in (*_of_private(theirs), *_of_team(theirs, app.actor.user_id)):
            assert (await _failure(stranger, noun, verb, arguments)).code is ErrorCode.NOT_FOUND, (noun, verb)
        await _nothing_listed(stranger)
    finally:
        event.listen(TenantSession, "do_orm_execute", tenancy._scope)  # pyright: ignore[reportPrivateUsage]


def _plain(message: str, arguments: dict[str, Any]) -> str:
    """A message without what the asker named."""
    for value in (*arguments.values(), getattr(arguments.get("create"), "ref", "")):
        if isinstance(value, str | int) and str(value):
            message = message.replace(str(value), "X")
    return message


@pytest.mark.parametrize("role", ["member", "viewer"])
async def test_in_the_team_what_is_private_is_not_there_either(
    app: App, superuser: Database, theirs: dict[str, int], role: str
) -> None:
    mate = await _in_team(app, superuser, "mate", role)
    for noun, verb, arguments in _of_private(theirs):
        failure = await _failure(mate, noun, verb, arguments)
        allowed = {ErrorCode.NOT_FOUND} if role == "member" else {ErrorCode.NOT_FOUND, ErrorCode.FORBIDDEN}
        assert failure.code in allowed, (noun, verb, failure)
    await _nothing_listed(mate)
    changes = [one for one in _of_team(theirs, app.actor.user_id) if one[1] not in ("get", "list")]
    for noun, verb, arguments in changes:
        assert (await _failure(mate, noun, verb, arguments)).code is ErrorCode.FORBIDDEN, (noun, verb)


async def test_an_admin_reaches_all_but_no_owner(app: App, superuser: Database, theirs: dict[str, int]) -> None:
    admin = await _in_team(app, superuser, "admin", "admin")
    assert (await perform(admin, "agents", "get", ref="hidden")).id == theirs["agents"]
    team, owner = theirs["teams"], app.actor.user_id
    for verb, arguments in (
        ("update", {"user_id": owner, "update": MemberUpdate(role="member")}),
        ("update", {"user_id": admin.actor.user_id, "update": MemberUpdate(role="owner")}),
        ("remove", {"user_id": owner}),
        ("add", {"add": MemberAdd(email="x@example.test", role="owner")}),
    ):
        assert (await _failure(admin, "members", verb, {"team_id": team, **arguments})).code is ErrorCode.FORBIDDEN


async def test_a_share_opens_so_much_and_a_link_no_more_than_its_one_thing(
    app: App, superuser: Database, theirs: dict[str, int]
) -> None:
    mate = await _in_team(app, superuser, "mate", "member")
    view = ShareCreate(type="agent", ref="hidden", with_type="user", email="mate@example.test")
    share = await perform(app, "shares", "create", create=view)
    assert (await perform(mate, "agents", "get", ref="hidden")).id == theirs["agents"]
    change: dict[str, Any] = {"ref": "hidden", "update": AgentUpdate(description="Changed")}
    assert (await _failure(mate, "agents", "update", change)).code is ErrorCode.FORBIDDEN
    await perform(app, "shares", "create", create=msgspec.structs.replace(view, permission="edit"))
    assert (await perform(mate, "agents", "update", **change)).description == "Changed"
    assert (await _failure(mate, "agents", "delete", {"ref": "nowhere"})).code is ErrorCode.NOT_FOUND
    await perform(app, "shares", "delete", id=share.id)

    await perform(app, "agents", "create", create=AgentCreate(name="Open", visibility="public"))
    link = await perform(app, "shares", "create", create=ShareCreate(type="agent", ref="hidden", with_type="link"))
    guest = app.acting_as(await identify(app, Credentials(share=link.token)))
    page = await perform(guest, "agents", "list", query=ListQuery())
    assert [agent.slug for agent in page.items] == ["hidden"]
    assert (await _failure(guest, "agents", "get", {"ref": "open"})).code is ErrorCode.NOT_FOUND
    for noun, verb, arguments in (*_of_private(theirs), *_of_team(theirs, app.actor.user_id)):
        if (noun, verb) != ("agents", "get"):
            failure = await _failure(guest, noun, verb, arguments)
            assert failure.code in (ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND), (noun, verb)
