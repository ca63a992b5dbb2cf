"""A session sees and changes its own workspace, whatever the statement; what crosses says so by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import bindparam, delete, exists, func, select, text, true, update
from sqlalchemy.orm import aliased

import savant
from savant.database.connect import Database
from savant.database.looks import Look
from savant.database.tenancy import TenancyError, across_workspaces
from savant.models.agent import Agent
from savant.models.all import MODELS
from savant.models.base import OfPeople, Scoped
from savant.models.persona import Persona
from savant.models.run import Run
from savant.models.step import Step
from savant.schemas.actors import Actor
from tests.database.rows import add_everything, add_workspace

CROSSING: set[str] = {"database/tenancy.py", "services/child_runs.py"}


@pytest.fixture
async def other(database: Database, superuser: Database, actor: Actor) -> Actor:
    """Somebody in another team's workspace; both workspaces have a row of every table."""
    other = await add_workspace(superuser, "other")
    for who in (actor, other):
        async with database.work(who) as work:
            await add_everything(work)
    return other


def test_every_table_is_of_a_workspace_or_of_people() -> None:
    assert [model.__tablename__ for model in MODELS if not issubclass(model, Scoped | OfPeople)] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__tablename__)
async def test_each_workspace_sees_its_own_row_of_every_table(
    database: Database, actor: Actor, other: Actor, model: Any
) -> None:
    everything = set()
    for who in (actor, other):
        async with database.read(who) as work:
            rows = (await work.session.scalars(select(model))).all()
            assert len(rows) == 1
            everything.add(str(rows[0].__dict__))
            assert await work.session.scalar(select(func.count()).select_from(model)) == 1
    assert len(everything) == 2


STATEMENTS: dict[str, Callable[[], Any]] = {
    "join": lambda: select(Step.id, Run.id).join(Run, Run.id == Step.run_id),
    "alias": lambda: select(aliased(Run).id),
    "subquery": lambda: select(select(Run.id).subquery().c.id),
    "exists": lambda: select(Agent.id).where(exists().where(Run.runnable_id == Agent.id)),
    "in": lambda: select(Step.id).where(Step.run_id.in_(select(Run.id))),
    "union": lambda: select(Run.id).union(select(Run.id)),
    "outer join": lambda: select(Run.id).outerjoin(Step, Step.run_id == Run.id),
    "scalar subquery": lambda: select(Agent.id, select(func.max(Run.id)).scalar_subquery()),
    "product": lambda: select(Agent.id, Run.id).select_from(Agent).join(Run, true()),
    "only a function": lambda: select(func.count(Run.id)).group_by(Run.workspace_id),
    "cte": lambda: select(select(Run.id).cte("runs_seen").c.id),
}


@pytest.mark.parametrize("name", STATEMENTS)
async def test_no_form_of_statement_sees_further(database: Database, actor: Actor, other: Actor, name: str) -> None:
    for who in (actor, other):
        async with database.read(who) as work:
            assert len((await work.session.execute(STATEMENTS[name]())).all()) == 1


@pytest.mark.parametrize("name", STATEMENTS)
async def test_neither_does_what_is_compiled_once(superuser: Database, actor: Actor, other: Actor, name: str) -> None:
    """In a role that no policy holds, the workspace in the statement is all there is."""
    look = Look(STATEMENTS[name]())
    for who in (actor, other):
        async with superuser.read(who) as work:
            assert [len(rows) for rows in await work.look(look, look)] == [1, 1]


async def test_one_look_tells_each_their_own(database: Database, actor: Actor, other: Actor) -> None:
    look = Look(select(Run.workspace_id).where(Run.id > bindparam("least")))

    async def seen(who: Actor) -> Any:
        async with database.read(who) as work:
            return [row[0] for row in (await work.look(look, least=0))[0]]

    asked = [actor, other] * 20
    assert await asyncio.gather(*map(seen, asked)) == [[who.workspace_id] for who in asked]


async def test_a_look_beside_a_session_sees_what_it_has_changed(database: Database, actor: Actor, other: Actor) -> None:
    async with database.work(actor) as work:
        await work.session.execute(update(Run).values(goal="mine"))
        assert (await work.look(Look(select(Run.goal))))[0] == [("mine",)]


async def test_a_row_of_another_workspace_cannot_be_fetched_by_its_number(
    database: Database, actor: Actor, other: Actor
) -> None:
    async with database.read(other) as work:
        theirs = (await work.session.scalars(select(Run.id))).one()
        their_step = (await work.session.scalars(select(Step.id))).one()
    async with database.read(actor) as work:
        assert await work.session.get(Run, theirs) is None
        assert await work.session.get(Step, their_step) is None


async def test_updates_and_deletes_stay_at_home(database: Database, actor: Actor, other: Actor) -> None:
    async with database.work(actor) as work:
        await work.session.execute(update(Run).values(goal="mine"))
        await work.session.execute(update(Step).values(tool_name="mine"))
        await work.session.execute(delete(Agent))
    async with database.read(other) as work:
        assert (await work.session.scalars(select(Run.goal))).all() == [None]
        assert (await work.session.scalars(select(Step.tool_name))).all() == [None]
        assert len((await work.session.scalars(select(Agent.id))).all()) == 1
    async with database.read(actor) as work:
        assert (await work.session.scalars(select(Run.goal))).all() == ["mine"]
        assert (await work.session.scalars(select(Step.tool_name))).all() == ["mine"]


async def test_system_rows_are_read_by_all_and_changed_by_none(
    database: Database, superuser: Database, actor: Actor, other: Actor
) -> None:
    async with superuser.engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO personas (name, slug, instructions) VALUES ('S', 'system', 'as it was')")
        )
    async with database.work(actor) as work:
        assert set((await work.session.scalars(select(Persona.slug))).all()) == {"p", "system"}
        await work.session.execute(update(Persona).values(instructions="changed"))
        await work.session.execute(delete(Persona).where(Persona.slug == "system"))
    async with database.read(other) as work:
        found = await work.session.scalar(select(Persona).where(Persona.slug == "system"))
        assert found is not None
        assert found.instructions == "as it was"
    with pytest.raises(TenancyError):
        async with database.work(actor) as work:
            (await work.session.scalars(select(Persona).where(Persona.slug == "system"))).one().name = "changed"


async def test_new_rows_get_the_workspace_and_cannot_name_another(
    database: Database, actor: Actor, other: Actor
) -> None:
    async with database.work(actor) as work:
        run = Run(runnable_type="agent", runnable_slug="a")
        work.session.add(run)
    assert run.workspace_id == actor.workspace_id
    with pytest.raises(TenancyError):
        async with database.work(actor) as work:
            work.session.add(Run(runnable_type="agent", runnable_slug="a", workspace_id=other.workspace_id))


async def test_text_and_bare_tables_are_refused_under_a_session(database: Database, actor: Actor) -> None:
    async with database.read(actor) as work:
        words = text("SELECT id FROM runs")
        inside = select(text("id")).select_from(text("runs"))
        columns = words.columns(Run.__table__.c.id)
        for statement in (
            words,
            inside,
            columns,
            select(Run.__table__),
            delete(cast(Any, Step.__table__)),
            select(Run).from_statement(words),
        ):
            with pytest.raises(TenancyError):
                await work.session.execute(statement)
        assert await work.session.scalar(select(1)) == 1
    for statement in (inside, select(Run.__table__)):
        with pytest.raises(TenancyError):
            Look(statement).compiled(database.engine.dialect)


async def test_what_crosses_says_so(database: Database, actor: Actor, other: Actor) -> None:
    async with database.read(actor) as work:
        found = (await work.session.scalars(across_workspaces(select(Run)))).all()
    assert len(found) == (2 if database.dialect == "sqlite" else 1)  # Postgres asks again, row by row


def test_who_crosses_is_listed_here() -> None:
    package = Path(savant.__file__).parent
    found = {
        str(file.relative_to(package)) for file in package.rglob("*.py") if "across_workspaces" in file.read_text()
    }
    assert found == CROSSING
