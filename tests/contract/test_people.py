"""Teams, workspaces, members, invitations, keys, shares, oneself and the audit log: one body, every way in."""

from __future__ import annotations

from pathlib import Path

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.agents import AgentCreate, AgentUpdate
from savant.schemas.audit import AuditQuery
from savant.schemas.keys import ApiKeyCreate
from savant.schemas.people import (
    InvitationCreate,
    MemberAdd,
    MemberUpdate,
    MeUpdate,
    TeamCreate,
    TeamUpdate,
    WorkspaceCreate,
    WorkspaceUpdate,
)
from savant.schemas.programs import Bundle
from savant.schemas.repositories import RepositoryCreate
from savant.schemas.rulesets import Rule, RulesetCreate
from savant.schemas.runs import RunCreate
from savant.schemas.secrets import SecretSet
from savant.schemas.shares import ShareCreate, ShareList
from savant.schemas.storage import Gc
from savant.schemas.workflows import WorkflowDefinition


async def test_a_team_is_made_with_a_workspace_changed_and_removed(client: Client) -> None:
    team = await client.teams.create(TeamCreate(name="Blue Team"))
    assert (team.slug, team.role) == ("blue-team", "owner")
    assert [found.slug for found in await client.teams.list()] == ["blue-team", "local"]
    assert [(one.team, one.slug) for one in await client.workspaces.list()] == [
        ("blue-team", "main"), ("local", "local"),
    ]  # fmt: skip
    changed = await client.teams.update(team.id, TeamUpdate(description="What we do"))
    assert (changed.name, changed.description) == ("Blue Team", "What we do")
    assert await client.teams.get(team.id) == changed
    await client.teams.delete(team.id)
    assert [found.slug for found in await client.teams.list()] == ["local"]
    with pytest.raises(SavantError) as gone:
        await client.teams.get(team.id)
    assert gone.value.code is ErrorCode.NOT_FOUND


async def test_a_workspace_is_made_changed_and_removed_but_not_the_one_one_is_in(client: Client) -> None:
    made = await client.workspaces.create(WorkspaceCreate(name="Second"))
    changed = await client.workspaces.update(made.id, WorkspaceUpdate(settings={"color": "blue"}))
    assert (await client.workspaces.get(made.id)) == changed
    assert (changed.slug, changed.team, changed.settings) == ("second", "local", {"color": "blue"})
    with pytest.raises(SavantError, match="already"):
        await client.workspaces.create(WorkspaceCreate(name="Second"))
    await client.workspaces.delete(made.id)
    me = await client.me.get()
    with pytest.raises(SavantError, match="working in this"):
        await client.workspaces.delete(me.workspace_id)
    with pytest.raises(SavantError, match="working in this"):
        await client.teams.delete(me.team_id)


async def test_a_team_keeps_its_last_owner_and_asks_people_in(client: Client) -> None:
    me = await client.me.get()
    team = (await client.teams.create(TeamCreate(name="Small"))).id
    (member,) = await client.members.list(team)
    assert (member.user_id, member.role, member.email) == (me.user_id, "owner", me.email)
    for change in (
        client.members.update(team, me.user_id, MemberUpdate(role="admin")),
        client.members.remove(team, me.user_id),
    ):
        with pytest.raises(SavantError, match="at least one owner"):
            await change
    asked = await client.members.add(team, MemberAdd(email="Ann@example.test", role="viewer"))
    assert (asked.email, asked.role, len(asked.token or "")) == ("ann@example.test", "viewer", 64)
    assert len(await client.members.list(team)) == 1
    with pytest.raises(SavantError) as missing:
        await client.members.remove(team, 999)
    assert missing.value.code is ErrorCode.NOT_FOUND


async def test_an_invitation_shows_its_token_once_and_is_withdrawn(client: Client) -> None:
    made = await client.invitations.create(InvitationCreate(role="admin", days=1))
    assert made.token
    (listed,) = await client.invitations.list()
    assert (listed.id, listed.token, listed.role) == (made.id, None, "admin")
    await client.invitations.delete(made.id)
    assert await client.invitations.list() == []
    with pytest.raises(SavantError) as gone:
        await client.invitations.delete(made.id)
    assert gone.value.code is ErrorCode.NOT_FOUND


async def test_a_key_shows_itself_once_and_is_revoked(client: Client) -> None:
    before = await client.api_keys.list()
    made = await client.api_keys.create(ApiKeyCreate(name="CI", scopes=["runs:execute", "agents:*"], days=30))
    assert (made.key or "").startswith(made.prefix)
    listed = await client.api_keys.get(made.id)
    assert (listed.key, listed.scopes, listed.revoked_at) == (None, ["runs:execute", "agents:*"], None)
    assert listed.expires_at is not None
    assert [key.id for key in await client.api_keys.list()] == [made.id, *(key.id for key in before)]
    await client.api_keys.delete(made.id)
    assert [key.id for key in await client.api_keys.list()] == [key.id for key in before]
    assert (await client.api_keys.get(made.id)).revoked_at is not None
    with pytest.raises(SavantError, match="There is no scope"):
        await client.api_keys.create(ApiKeyCreate(name="CI", scopes=["agents:fly"]))


async def test_something_is_shared_and_taken_back(client: Client) -> None:
    await client.agents.create(AgentCreate(name="Reviewer"))
    link = await client.shares.create(ShareCreate(type="agent", ref="reviewer", with_type="link", days=1))
    team = await client.shares.create(ShareCreate(type="agent", ref="reviewer", with_type="team", permission="execute"))
    assert len(link.token or "") == 64
    assert team.token is None
    listed = await client.shares.list(ShareList(type="agent", ref="reviewer"))
    assert [(share.id, share.token, share.with_type) for share in listed] == [
        (team.id, None, "team"), (link.id, None, "link"),
    ]  # fmt: skip
    assert await client.shares.list(ShareList(type="workflow")) == []
    await client.shares.delete(link.id)
    assert [share.id for share in await client.shares.list()] == [team.id]
    for wrong in (
        ShareCreate(type="agent", ref="nobody", with_type="team"),
        ShareCreate(type="agent", ref="reviewer", with_type="user"),
        ShareCreate(type="agent", ref="reviewer", with_type="public", permission="edit"),
        ShareCreate(type="agent", ref="reviewer", with_type="user", email="who@example.test"),
    ):
        with pytest.raises(SavantError):
            await client.shares.create(wrong)


async def test_every_change_is_in_the_log_with_what_it_changed(client: Client) -> None:
    await client.agents.create(AgentCreate(name="Reviewer", description="Old"))
    await client.agents.update("reviewer", AgentUpdate(description="New"))
    key = await client.api_keys.create(ApiKeyCreate(name="CI"))
    await client.agents.delete("reviewer")
    page = await client.audit_logs.list()
    assert [log.action for log in page.items] == ["agents.delete", "api_keys.create", "agents.update", "agents.create"]
    removed, made, changed, _ = page.items
    me = await client.me.get()
    assert {log.user_id for log in page.items} == {me.user_id}
    (change,) = changed.details["changes"]
    assert change["columns"]["description"] == ["Old", "New"]
    assert (changed.resource_type, changed.resource_id) == ("agents", removed.resource_id)
    assert key.key and key.key not in str(made.details)
    assert "key_hash" not in str(made.details)
    exported = await client.audit_logs.export(AuditQuery(action="agents"))
    assert [log.id for log in exported] == [removed.id, changed.id, page.items[3].id]
    first = await client.audit_logs.list(AuditQuery(limit=3))
    assert first.next_cursor
    assert len((await client.audit_logs.list(AuditQuery(limit=3, cursor=first.next_cursor))).items) == 1


async def test_verbs_of_many_rows_or_many_transactions_say_what_they_changed(client: Client, tmp_path: Path) -> None:
    await client.secrets.set(SecretSet(name="TOKEN", value="do not tell"))
    await client.rulesets.create(RulesetCreate(name="One", rules=[Rule(text="x")]))
    await client.agents.create(AgentCreate(name="A", rulesets=["one"]))
    await client.agents.update("a", AgentUpdate(rulesets=[]))
    added = await client.repositories.create(RepositoryCreate(path=str(tmp_path)))
    await client.repositories.delete(added.slug)
    bundle = Bundle(workflows={"w": WorkflowDefinition(name="W", steps=[{"id": "a", "set": {"x": 1}}])})
    run = await client.runs.start(RunCreate(type="workflow", slug="w", bundle=bundle))
    await client.storage.gc(Gc(pin=[run.id]))
    told = {log.action: log.details.get("changes", []) for log in (await client.audit_logs.list()).items}
    assert [(one["table"], one["what"]) for one in told["secrets.set"]] == [("secrets", "created")]
    assert told["secrets.set"][0]["columns"]["name"] == [None, "TOKEN"]
    assert {"table": "agent_rulesets", "what": "deleted", "rows": 1} in told["agents.update"]
    assert told["repositories.create"][0]["columns"]["slug"] == [None, added.slug]
    assert told["repositories.delete"][0]["columns"]["slug"] == [added.slug, None]
    assert (told["runs.start"][0]["table"], told["runs.start"][0]["id"]) == ("runs", run.id)
    assert told["storage.gc"][0]["columns"]["config"]
    assert "do not tell" not in str(told)


async def test_what_fails_is_not_in_the_log(client: Client) -> None:
    with pytest.raises(SavantError):
        await client.agents.update("nobody", AgentUpdate(description="New"))
    assert (await client.audit_logs.list()).items == []


async def test_one_knows_oneself(client: Client) -> None:
    me = await client.me.get()
    assert (me.team, me.workspace, me.role, me.scopes) == ("local", "local", "owner", None)
    assert (await client.me.update(MeUpdate(name="Ada"))).name == "Ada"
    with pytest.raises(SavantError) as refused:
        await client.me.update(MeUpdate(password="another long password", old_password="wrong"))
    assert refused.value.code is ErrorCode.FORBIDDEN
