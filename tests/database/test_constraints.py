"""Every constraint bites, on both databases: what must not be stored is refused, what must go along goes along."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, delete, func, select, text
from sqlalchemy.exc import IntegrityError

from savant import clock
from savant.database.connect import Database
from savant.database.tenancy import ACROSS, across_workspaces
from savant.models.agent import Agent
from savant.models.all import MODELS, metadata
from savant.models.approval import Approval
from savant.models.audit_log import AuditLog
from savant.models.definition_version import DefinitionVersion
from savant.models.persona import Persona
from savant.models.ruleset import Ruleset
from savant.models.run import Run
from savant.models.step import Step
from savant.models.tool import Tool
from savant.models.trace import Trace
from savant.models.user import User
from savant.models.workflow import Workflow
from savant.models.workspace import Workspace
from savant.schemas.actors import Actor
from tests.database.rows import add, add_everything, add_user

CHECKS = sorted(
    (table.name, match[1])
    for table in metadata.tables.values()
    for constraint in table.constraints
    if isinstance(constraint, CheckConstraint) and (match := re.match(r"(\w+) IN \(", str(constraint.sqltext)))
)


@pytest.fixture
async def database(superuser: Database) -> Database:
    """What a table refuses, it refuses everybody."""
    return superuser


RUN: dict[str, Any] = {"runnable_type": "agent", "runnable_slug": "a"}
STEP: dict[str, Any] = {"step_type": "tool", "effect": "read", "input_hash": "c" * 64}


async def _refused(database: Database, actor: Actor, *rows: Any, by: str | None = None) -> None:
    async with database.work(actor) as work:
        work.session.info[ACROSS] = True
        for row in rows[:-1]:
            await add(work.session, row)
        with pytest.raises(IntegrityError, match=by):
            await add(work.session, rows[-1])
        await work.session.rollback()


async def test_a_row_of_every_table_comes_back_as_it_went_in(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        made = await add_everything(work)
    assert {*made, "users", "teams", "team_members", "workspaces"} == set(metadata.tables)
    async with database.read(actor) as work:
        agent = await work.session.get_one(Agent, made["agents"].id)
        assert (agent.tags, agent.config, agent.delegates, agent.version) == (["x", "y"], {"max_steps": 3}, [], 1)
        assert agent.output_schema is None
        version = await work.session.get_one(DefinitionVersion, made["definition_versions"].id)
        assert list(version.definition) == ["z", "a"]
        assert isinstance(version.definition["a"], float)
        log = (await work.session.scalars(select(AuditLog))).one()
        assert (log.ip_address, log.details) == ("127.0.0.1", {"to": "A"})
        run = await work.session.get_one(Run, made["runs"].id)
        assert run.created_at.utcoffset() is not None
        assert abs((clock.now() - run.created_at).total_seconds()) < 600


async def test_server_defaults_fill_what_a_bare_insert_leaves_out(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO users (email, encrypted_password) VALUES ('a@b.c', '!')"))
        await connection.execute(text("INSERT INTO agents (workspace_id, name, slug) VALUES (1, 'A', 'a')"))
        row = (await connection.execute(select(Agent.__table__))).one()
        user = (await connection.execute(select(User.__table__).where(User.email == "a@b.c"))).one()
    assert (row.tags, row.config, row.delegates, row.status, row.version) == ([], {}, [], "active", 1)
    assert abs((clock.now() - row.created_at).total_seconds()) < 600
    assert user.role == "user"


@pytest.mark.parametrize(("table", "column"), CHECKS, ids=lambda name: name)
async def test_a_word_outside_its_list_is_refused(database: Database, actor: Actor, table: str, column: str) -> None:
    async with database.work(actor) as work:
        await add_everything(work)
        with pytest.raises(IntegrityError, match=f"ck_{table}_{column}"):
            await work.session.execute(across_workspaces(text(f"UPDATE {table} SET {column} = 'nonsense'")))
        await work.session.rollback()


def test_every_enum_like_column_has_a_check() -> None:
    words = {"status", "visibility", "role", "kind", "effect", "step_type", "source", "permission", "index_status"}
    words |= {"runnable_type", "shareable_type", "shared_with_type", "scope", "period"}
    columns = {(table.name, name) for table in metadata.tables.values() for name in words & set(table.c.keys())}
    # What a version came from is a path, and what a chunk is, a language says: neither is a list of ours.
    assert columns - {("definition_versions", "source"), ("chunks", "kind")} == set(CHECKS)


async def test_an_email_is_kept_in_lower_case(database: Database, actor: Actor) -> None:
    await _refused(database, actor, User(email="Ann@example.test", encrypted_password="!"), by="email_lower")


@pytest.mark.parametrize("model", [Persona, Ruleset, Tool, Agent, Workflow], ids=lambda model: model.__tablename__)
async def test_a_slug_is_used_once_in_a_workspace(database: Database, actor: Actor, model: Any) -> None:
    await _refused(database, actor, *(_named(model, actor.workspace_id) for _ in range(2)))


@pytest.mark.parametrize("model", [Persona, Ruleset, Tool], ids=lambda model: model.__tablename__)
async def test_a_system_slug_is_used_once_and_beside_a_workspaces_own(
    database: Database, actor: Actor, model: Any
) -> None:
    await _refused(database, actor, _named(model, actor.workspace_id), _named(model, None), _named(model, None))


def _named(model: Any, workspace_id: int | None) -> Any:
    needs = {"instructions": "x", "rules": [], "schema": {}, "definition": {}}
    own = {name: value for name, value in needs.items() if hasattr(model, name)}
    return model(workspace_id=workspace_id, name="N", slug="n", **own)


async def test_a_person_uses_an_idempotency_key_once_and_none_any_number_of_times(
    database: Database, actor: Actor
) -> None:
    of = {"workspace_id": actor.workspace_id, **RUN}
    own = {**of, "user_id": actor.user_id, "idempotency_key": "k"}
    others = Run(**of, idempotency_key="k")
    await _refused(database, actor, Run(**of), Run(**of), others, Run(**own), Run(**own), by="idempotency_key")


async def test_numbers_within_a_run_are_used_once(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        run = await add(work.session, Run(**RUN))
        await add(work.session, Step(run_id=run.id, step_number=1, path="a", attempt=1, **STEP))
        await add(work.session, Trace(run_id=run.id, seq=1, event_type="x", payload={}, timestamp=clock.now()))
    trace = Trace(run_id=run.id, seq=1, event_type="x", payload={}, timestamp=clock.now())
    await _refused(database, actor, Step(run_id=run.id, step_number=1, path="b", **STEP))
    await _refused(database, actor, Step(run_id=run.id, step_number=2, path="a", attempt=1, **STEP))
    await _refused(database, actor, trace)
    async with database.work(actor) as work:
        await add(work.session, Step(run_id=run.id, step_number=2, path="a", attempt=2, **STEP))


async def test_one_question_is_open_at_a_path(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        run = await add(work.session, Run(**RUN))
        await add(work.session, Approval(run_id=run.id, path="a", kind="tool", status="denied"))
        await add(work.session, Approval(run_id=run.id, path="a", kind="tool"))
    await _refused(database, actor, Approval(run_id=run.id, path="a", kind="tool"))


async def test_a_definition_is_stored_once_for_its_content(database: Database, actor: Actor) -> None:
    of = {"workspace_id": actor.workspace_id, "kind": "agent", "slug": "a", "definition": {}}
    await _refused(database, actor, *(DefinitionVersion(**of, version=n, content_hash="a" * 64) for n in (1, 2)))


async def test_a_row_cannot_name_what_is_not_there(database: Database, actor: Actor) -> None:
    await _refused(database, actor, Agent(workspace_id=actor.workspace_id, name="A", slug="a", persona_id=999))


async def test_a_persona_in_use_cannot_be_deleted(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        made = await add_everything(work)
        with pytest.raises(IntegrityError):
            await work.session.execute(delete(Persona).where(Persona.id == made["personas"].id))
        await work.session.rollback()


async def test_a_workspace_takes_everything_with_it_but_the_audit_log(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        made = await add_everything(work)
    async with database.work(actor) as work:
        await work.session.execute(delete(Workspace).where(Workspace.id == actor.workspace_id))
    kept = {"users", "teams", "team_members", "login_sessions", "invitations", "audit_logs"}
    async with database.engine.connect() as connection:
        counts = {
            model.__tablename__: await connection.scalar(select(func.count()).select_from(model.__table__))
            for model in MODELS
        }
        assert await connection.scalar(text("SELECT workspace_id FROM audit_logs")) is None
    assert {table for table, count in counts.items() if count} == kept
    assert made.keys() - kept == counts.keys() - kept - {"workspaces"}


async def test_a_deleted_user_leaves_their_work_and_its_record(database: Database, actor: Actor) -> None:
    gone = await add_user(database, "gone", actor.team_id)
    async with database.work(actor) as work:
        await add(work.session, Persona(name="P", slug="p", instructions="x", created_by_id=gone))
        await add(work.session, Run(**RUN, user_id=gone))
        await add(work.session, AuditLog(action="create", user_id=gone))
    async with database.work(actor) as work:
        await work.session.execute(delete(User).where(User.id == gone))
    async with database.read(actor) as work:
        assert (await work.session.scalars(select(Persona.created_by_id))).all() == [None]
        assert (await work.session.scalars(select(Run.user_id))).all() == [None]
        assert (await work.session.scalars(select(AuditLog.user_id))).all() == [None]


async def test_a_deleted_run_takes_its_steps_and_child_runs_but_not_its_forks(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        run = await add(work.session, Run(**RUN))
        child = await add(work.session, Run(**RUN, parent_run_id=run.id))
        fork = await add(work.session, Run(**RUN, forked_from_id=run.id))
        for of in (run, child, fork):
            await add(work.session, Step(run_id=of.id, step_number=1, path="a", **STEP))
    async with database.work(actor) as work:
        await work.session.execute(delete(Run).where(Run.id == run.id))
    async with database.read(actor) as work:
        left = (await work.session.execute(select(Run.id, Run.forked_from_id))).all()
        assert left == [(fork.id, None)]
        assert (await work.session.scalars(select(Step.run_id))).all() == [fork.id]


async def test_numbers_are_never_used_again(database: Database, actor: Actor) -> None:
    async with database.work(actor) as work:
        first = await add(work.session, Run(**RUN))
    async with database.work(actor) as work:
        await work.session.execute(delete(Run).where(Run.id == first.id))
    async with database.work(actor) as work:
        assert (await add(work.session, Run(**RUN))).id > first.id


@pytest.mark.parametrize("status", ["pending", "running", "completed", "failed", "stopped", "waiting"])
async def test_a_run_has_an_error_code_where_it_did_not_succeed_and_nowhere_else(
    database: Database, actor: Actor, status: str
) -> None:
    def run(code: str | None) -> Run:
        of = {"workspace_id": actor.workspace_id, "runnable_type": "agent", "runnable_slug": "a"}
        return Run(**of, status=status, error_code=code)

    right, wrong = ("stuck", None) if status in ("failed", "stopped", "waiting") else (None, "stuck")
    await _refused(database, actor, run(right), run(wrong), by="ck_runs_error_code")
