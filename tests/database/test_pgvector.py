"""Where Postgres compares vectors itself it finds what a scan finds; it may learn it, forget it and learn it again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import inspect, text

from savant.database import pgvector
from savant.database import search_vectors as stored
from savant.database.connect import Database
from savant.database.migrate import downgrade, upgrade
from savant.database.pgvector import TABLE, prepare_later
from savant.database.search import SearchStore, Wire
from savant.runtime.indexing import words
from savant.schemas.actors import Actor
from tests.conftest import add_vectors
from tests.database.rows import add_everything, add_workspace

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgres"], indirect=True)]
MODEL, OTHER = "vectors/one", "vectors/other"
CHUNK = (
    "INSERT INTO chunks (repository_id, file_id, first_line, last_line, symbol, kind, content_hash)"
    " VALUES (?, ?, 1, 2, '', 'lines', ?)"
)


class Place:
    """A repository with a file in somebody's workspace, and the wire of its index."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        ((self.file, self.repository),) = wire.fetch("SELECT id, repository_id FROM repository_files")

    def add(self, model: str, vectors: list[list[float]]) -> None:
        hashes = [f"{model}/{len(vector)}/{number}".ljust(32, ".") for number, vector in enumerate(vectors)]
        self.wire.run(CHUNK, [(self.repository, self.file, hash) for hash in hashes])
        found = dict(self.wire.fetch("SELECT content_hash, id FROM chunks WHERE content_hash = ANY(?)", (hashes,)))
        packed = stored.pack(model, vectors)
        stored.put(self.wire, [(found[hash], hash, data) for hash, data in zip(hashes, packed, strict=True)])

    def nearest(self, vector: list[float], files: set[int] | None = None, limit: int = 20) -> list[Any]:
        found = stored.nearest(self.wire, [self.repository], MODEL, vector, files, limit)
        return [(one.id, one.owner, pytest.approx(one.score, abs=1e-5)) for one in found]

    def first(self) -> tuple[int, str]:
        """A chunk with a vector, and the hash of its text."""
        sql = "SELECT id, content_hash FROM chunks WHERE embedding IS NOT NULL ORDER BY id LIMIT 1"
        return self.wire.fetch(sql)[0][:2]  # pyright: ignore[reportReturnType]

    def count(self) -> int:
        return self.wire.fetch(f"SELECT count(*) FROM {TABLE}")[0][0]


@pytest.fixture
async def store(database: Database, actor: Actor) -> AsyncIterator[SearchStore]:
    async with database.work(actor) as work:
        await add_everything(work)
    opened = SearchStore(database, actor.workspace_id, words)
    yield opened
    await opened.aclose()


@pytest.fixture
def place(store: SearchStore) -> Place:
    return Place(store.wire)


def _vectors(seed: int, count: int, dimensions: int = 40) -> list[list[float]]:
    chance = random.Random(seed)
    return [[chance.gauss(0, 1) for _ in range(dimensions)] for _ in range(count)]


async def _forget(superuser: Database) -> None:
    async with superuser.engine.begin() as connection:
        await connection.execute(text("DROP EXTENSION vector CASCADE"))


async def test_the_database_finds_what_a_scan_finds(place: Place, superuser: Database) -> None:
    place.add(MODEL, [*_vectors(1, 300), [0.0] * 40])
    place.add(OTHER, _vectors(2, 30))
    place.add(MODEL, _vectors(3, 30, dimensions=8))
    queries = [*_vectors(4, 10), *_vectors(5, 3, dimensions=8)]
    assert place.wire.compares()
    found = [place.nearest(query) for query in queries]
    everything = place.nearest(queries[0], limit=1000)
    assert [len(rows) for rows in found] == [20] * 13
    assert len(everything) == 301
    assert place.nearest(queries[0], {place.file}) == found[0]
    assert place.nearest(queries[0], {place.file + 1}) == []
    await _forget(superuser)
    assert not place.wire.compares()
    assert [place.nearest(query) for query in queries] == found
    assert place.nearest(queries[0], limit=1000) == everything


async def test_what_was_forgotten_is_filled_again_from_the_bytes(
    store: SearchStore, owner: Database, superuser: Database
) -> None:
    place = Place(store.wire)
    place.add(MODEL, _vectors(1, 30))
    [query] = _vectors(2, 1)
    found = place.nearest(query)
    await _forget(superuser)
    place.add(MODEL, _vectors(3, 5, dimensions=8))
    add_vectors(superuser.url.render_as_string(hide_password=False))
    await asyncio.gather(*(prepare_later(owner) for _ in range(4)))
    await store.aclose()  # a connection remembers types by number, and each command has its own
    place = Place(store.wire)
    assert place.wire.compares()
    assert place.nearest(query) == found, "scanned, as long as nothing is in the table"
    bare = stored.bare(place.wire, place.repository, MODEL, 0, 100)
    known = stored.of_hashes(place.wire, place.repository, MODEL, [chunk.hash for chunk in bare])
    stored.put(place.wire, [(chunk.id, chunk.hash, known[chunk.hash]) for chunk in bare if chunk.hash in known])
    assert place.count() == 35
    assert place.nearest(query) == found


async def test_vectors_go_with_their_chunks_and_change_with_them(place: Place) -> None:
    place.add(MODEL, _vectors(1, 3))
    id, hash = place.first()
    [other] = stored.pack(OTHER, _vectors(2, 1))
    stored.put(place.wire, [(id, "of another text", other)])
    assert len(place.nearest(_vectors(3, 1)[0])) == 3
    stored.put(place.wire, [(id, hash, other)])
    assert len(place.nearest(_vectors(3, 1)[0])) == 2
    place.wire.run("DELETE FROM chunks WHERE id = ?", [(id,)])
    assert place.count() == 2


async def test_longer_vectors_than_the_extension_takes_are_scanned(place: Place) -> None:
    vectors = _vectors(1, 2, dimensions=pgvector.MOST_DIMENSIONS + 1)
    place.add(MODEL, vectors)
    assert place.count() == 0
    assert place.nearest(vectors[1])[0][2] == pytest.approx(1)


async def test_vectors_are_of_ones_own_workspace(place: Place, database: Database, superuser: Database) -> None:
    place.add(MODEL, _vectors(1, 3))
    other = await add_workspace(superuser, "other")
    async with database.work(other) as work:
        await add_everything(work)
    theirs = SearchStore(database, other.workspace_id, words)
    try:
        wire = theirs.wire
        assert stored.nearest(wire, [place.repository], MODEL, _vectors(1, 1)[0], None, 10) == []
        assert Place(wire).count() == 0
        id, hash = place.first()
        stored.put(wire, [(id, hash, stored.pack(OTHER, _vectors(2, 1))[0])])
        wire.run(f"DELETE FROM {TABLE} WHERE id = ?", [(id,)])
        put = f"INSERT INTO {TABLE} (id, repository_id, model, embedding) VALUES (?, ?, '', '[1]')"
        with pytest.raises(InsufficientPrivilege):
            wire.run(put, [(id + 10, place.repository)])
    finally:
        await theirs.aclose()
    assert len(place.nearest(_vectors(1, 1)[0])) == 3
    async with superuser.engine.connect() as connection:
        secured = f"SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = '{TABLE}'"
        assert await connection.scalar(text(secured)) is True


@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("extended", [True, False])
async def test_migrations_make_the_table_where_the_extension_is(
    empty_url: str, database_url: str, extended: bool
) -> None:
    if extended:
        add_vectors(empty_url)
    async with Database.open(empty_url) as owner:
        for _ in range(2):
            await upgrade(owner)
            assert await _has_table(owner) is extended
            await downgrade(owner)
            assert not await _has_table(owner)


async def _has_table(database: Database) -> bool:
    async with database.engine.connect() as connection:
        return await connection.run_sync(lambda there: inspect(there).has_table(TABLE))
