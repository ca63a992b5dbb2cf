"""Row-level security alone: plain SQL, no session of ours, and still nobody reaches what is not theirs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from savant.database import lookups
from savant.database.connect import Database
from savant.database.declared import DECLARE, Declared
from savant.database.journal import DatabaseJournalStore
from savant.database.looks import Look
from savant.database.roles import APP_ROLE, faults
from savant.database.search import SearchStore
from savant.errors import ErrorCode, SavantError
from savant.models.all import MODELS, metadata
from savant.models.run import Run
from savant.runtime.indexing import words
from savant.schemas.actors import NOBODY, Actor
from tests.database.rows import add_everything, add_workspace
from tests.database.test_journal import a_step

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgres"], indirect=True)]
TABLES = sorted(metadata.tables)
COUNT = "SELECT (SELECT count(*) FROM agents), (SELECT min(workspace_id) FROM agents)"


@pytest.fixture
async def two(database: Database, superuser: Database, actor: Actor) -> tuple[Actor, Actor]:
    """Two people of two teams; each has a row of every table."""
    other = await add_workspace(superuser, "other")
    for who in (actor, other):
        async with database.work(who) as work:
            await add_everything(work)
    return actor, other


def _as(actor: Actor) -> Declared:
    return Declared(actor.workspace_id, actor.team_id, actor.user_id)


async def _rows(database: Database, who: Declared, sql: str) -> list[Any]:
    async with lookups.declared(database, who) as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def _refused(database: Database, who: Declared, sql: str) -> None:
    with pytest.raises(ProgrammingError) as refused:
        async with lookups.declared(database, who, write=True) as connection:
            await connection.execute(text(sql))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


async def test_every_table_is_secured_and_its_owner_too(database: Database) -> None:
    async with database.engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = 'public'"
            )
        )
        secured = dict(tuple(row) for row in found)
    assert {name for name in TABLES if not secured[name]} == set()


async def test_the_role_is_as_it_should_be_and_others_are_known_not_to_be(
    database: Database, owner: Database, superuser: Database
) -> None:
    assert database.url.username == APP_ROLE
    assert await faults(database) == []
    assert await faults(owner) == ["it owns the tables"]
    assert "it is a superuser" in await faults(superuser)


async def test_nothing_declared_sees_nothing(database: Database, two: tuple[Actor, Actor]) -> None:
    for table in TABLES:
        assert (await _rows(database, Declared(), f"SELECT count(*) FROM {table}")) == [(0,)], table


async def test_the_owner_sees_no_more_than_the_role(owner: Database, two: tuple[Actor, Actor]) -> None:
    for table in TABLES:
        assert (await _rows(owner, Declared(), f"SELECT count(*) FROM {table}")) == [(0,)], table


async def test_each_sees_their_own_row_of_every_table(
    database: Database, superuser: Database, two: tuple[Actor, Actor]
) -> None:
    for table in TABLES:
        seen = [await _rows(database, _as(who), f"SELECT {table}::text FROM {table}") for who in two]
        assert [len(rows) for rows in seen] == [1, 1], table
        assert seen[0] != seen[1], table
        assert len(await _rows(superuser, Declared(), f"SELECT 1 FROM {table}")) == 2, table


async def test_nobody_changes_or_deletes_what_is_not_theirs(database: Database, two: tuple[Actor, Actor]) -> None:
    me, _ = two
    for table in sorted(set(TABLES) - {"audit_logs"}):
        column = next(c.name for c in metadata.tables[table].columns if not c.primary_key)
        async with lookups.declared(database, _as(me), write=True) as connection:
            changed = await connection.execute(text(f"UPDATE {table} SET {column} = {column}"))
            assert changed.rowcount == 1, table


async def test_a_row_cannot_be_given_to_another_workspace(database: Database, two: tuple[Actor, Actor]) -> None:
    me, other = two
    for model in MODELS:
        table = model.__tablename__
        if "workspace_id" in model.__table__.c and table not in ("audit_logs", "login_sessions"):
            await _refused(database, _as(me), f"UPDATE {table} SET workspace_id = {other.workspace_id}")
    (their_run,) = await _rows(database, _as(other), "SELECT id FROM runs")
    for table in ("steps", "traces", "approvals"):
        await _refused(database, _as(me), f"UPDATE {table} SET run_id = {their_run[0]}")
    await _refused(
        database, _as(me), f"INSERT INTO agents (workspace_id, name, slug) VALUES ({other.workspace_id}, 'x', 'x')"
    )
    await _refused(
        database, _as(me),
        f"INSERT INTO team_members (team_id, user_id) VALUES ({other.team_id}, {me.user_id})",
    )  # fmt: skip
    await _refused(database, _as(me), "INSERT INTO users (email, encrypted_password) VALUES ('x@y.z', '!')")


async def test_system_rows_are_read_by_all_and_changed_by_none(
    database: Database, superuser: Database, actor: Actor
) -> None:
    async with superuser.engine.begin() as connection:
        await connection.execute(text("INSERT INTO personas (name, slug, instructions) VALUES ('S', 's', 'x')"))
    assert await _rows(database, _as(actor), "SELECT slug FROM personas") == [("s",)]
    async with lookups.declared(database, _as(actor), write=True) as connection:
        assert (await connection.execute(text("UPDATE personas SET name = 'mine'"))).rowcount == 0
        assert (await connection.execute(text("DELETE FROM personas"))).rowcount == 0
    await _refused(database, _as(actor), "INSERT INTO personas (name, slug, instructions) VALUES ('mine', 'mine', 'x')")


async def test_what_was_audited_is_neither_changed_nor_deleted(database: Database, two: tuple[Actor, Actor]) -> None:
    await _refused(database, _as(two[0]), "UPDATE audit_logs SET action = 'nothing'")
    await _refused(database, _as(two[0]), "DELETE FROM audit_logs")


async def test_a_secret_opens_its_own_row_alone(database: Database, two: tuple[Actor, Actor]) -> None:
    me, _ = two
    for table, column in (
        ("users", "email"), ("api_keys", "key_hash"), ("login_sessions", "token_hash"), ("invitations", "token_hash"),
    ):  # fmt: skip
        ((id, secret),) = await _rows(database, _as(me), f"SELECT id, {column} FROM {table}")
        opened = await _rows(database, Declared(presented=secret), f"SELECT id FROM {table}")
        assert id in [row[0] for row in opened]
        for other in set(TABLES) - {table}:
            if other not in ("api_keys", "login_sessions", "invitations", "users"):
                assert await _rows(database, Declared(presented=secret), f"SELECT 1 FROM {other}") == [], other
        async with lookups.declared(database, Declared(presented=secret), write=True) as connection:
            assert (await connection.execute(text(f"DELETE FROM {table}"))).rowcount == 0


async def test_what_is_declared_ends_with_its_transaction(database: Database, two: tuple[Actor, Actor]) -> None:
    me, _ = two
    async with database.engine.connect() as connection:
        async with connection.begin():
            await connection.execute(DECLARE, _as(me).parameters())
            assert (await connection.execute(text(COUNT))).one() == (1, me.workspace_id)
        async with connection.begin():
            assert (await connection.execute(text(COUNT))).one() == (0, None)
        await connection.rollback()


async def test_many_transactions_on_few_connections_never_meet(database: Database, two: tuple[Actor, Actor]) -> None:
    engine = create_async_engine(database.url, pool_size=4, max_overflow=0)
    few = Database(database.url, engine)

    async def one(number: int) -> None:
        who = two[number % 2]
        if number % 7 == 0:  # some fail half-way, and leave their connection to the next
            with pytest.raises(ProgrammingError):
                await _rows(few, _as(who), "SELECT nonsense")
        assert await _rows(few, _as(who), COUNT) == [(1, who.workspace_id)]

    try:
        await asyncio.gather(*(one(number) for number in range(600)))
    finally:
        await engine.dispose()


async def test_a_journal_reaches_no_run_of_another_workspace(database: Database, two: tuple[Actor, Actor]) -> None:
    me, other = two
    ((their_run,),) = await _rows(database, _as(other), "SELECT id FROM runs")
    store = DatabaseJournalStore(database, me.workspace_id, their_run, attempt=0)
    try:
        assert (await store.load())[0] == []
        assert await store.read_traces() == []
        with pytest.raises(SavantError) as refused:
            await store.write([a_step(7)], [], {})
        assert refused.value.code is ErrorCode.LEASE_LOST, "the run is not there for who is in another workspace"
    finally:
        await store.aclose()


async def test_searched_words_are_of_ones_own_and_still_found_by_their_index(
    database: Database, superuser: Database, two: tuple[Actor, Actor]
) -> None:
    for who in two:
        ((chunk, repository),) = await _rows(database, _as(who), "SELECT id, repository_id FROM chunks")
        store = SearchStore(database, who.workspace_id, words)
        fields = ("alpha", "", f"beta{who.workspace_id}", "")
        await store.do(store.wire.add_chunk_words, repository, [(chunk, fields)])
        await store.aclose()
    found = "SELECT words::text FROM chunk_words WHERE words @@ 'alpha'::tsquery"
    for who in two:
        ((seen,),) = await _rows(database, _as(who), found)
        assert f"beta{who.workspace_id}" in seen
    assert await _rows(database, Declared(), found) == []
    await _refused(database, _as(two[0]), "SELECT 1 FROM sealed.chunk_words")
    async with lookups.declared(database, _as(two[0])) as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(row[0] for row in await connection.execute(text(f"EXPLAIN {found}")))
    assert "Bitmap Index Scan on idx_chunk_words_words" in plan


async def test_words_cannot_be_put_into_another_workspace(database: Database, two: tuple[Actor, Actor]) -> None:
    me, other = two
    ((chunk, repository),) = await _rows(database, _as(other), "SELECT id, repository_id FROM chunks")
    put = f"INSERT INTO chunk_words (id, repository_id, length, words) VALUES ({chunk}, {repository}, 1, 'x')"
    with pytest.raises(SavantError, match="null value"):
        await _rows(database, Declared(), put)
    async with lookups.declared(database, _as(me), write=True) as connection:
        await connection.execute(text(put))
    assert await _rows(database, _as(other), "SELECT 1 FROM chunk_words") == []


async def test_what_is_compiled_once_is_held_to_the_policies_too(database: Database, two: tuple[Actor, Actor]) -> None:
    """With a statement that no workspace was added to, on connections that serve one after the other."""
    look = Look(select(Run.id))
    look._compiled = "SELECT workspace_id FROM runs", {}  # pyright: ignore[reportPrivateUsage]
    for who in (*two, *two):
        async with database.read(who) as work:
            assert await work.look(look) == [[(who.workspace_id,)]]
    async with database.read(NOBODY) as work:
        assert await work.look(look) == [[]]
