"""Vectors beside words: made for every chunk after an index run, and for a query before a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from savant.database import search_read as read
from savant.database import search_vectors as stored
from savant.database.search import SearchStore
from savant.database.search_vectors import Bare
from savant.errors import SavantError
from savant.runtime.llm.embeddings import Embedder
from savant.services import indexing, models
from savant.services.app import App

BATCH = 64
MOST_CHARACTERS = 8_000


class Near(NamedTuple):
    """A query as a vector of a model; or why there is none."""

    model: str
    vector: list[float] | None = None
    problem: str | None = None


async def bring(app: App, repository: int) -> tuple[int, str | None]:
    """Give every chunk its vector; how many have one, and why it is not all of them.

    Each batch is kept when it is done, so what ends early is gone on with the next time; the words are there anyway.
    """
    model = app.settings.embeddings
    if model is None:
        return 0, None
    store, problem = indexing.store(app), None
    registry = models.registry(app.settings)
    try:
        try:
            await _fill(store, repository, model, registry.embedder(model))
        except SavantError as error:
            problem = str(error)
        return await store.do(lambda: stored.count(store.wire, repository, model)), problem
    finally:
        await registry.aclose()
        await store.aclose()


async def compared_by(app: App, store: SearchStore) -> Literal["database", "savant"] | None:
    """Who finds the nearest vectors: the database, where it can, else this process; None without a model."""
    if app.settings.embeddings is None:
        return None
    return await store.do(lambda: "database" if store.wire.compares() else "savant")


async def near(app: App, query: str) -> Near | None:
    """Where a query points to; None without a model of embeddings."""
    model = app.settings.embeddings
    if model is None:
        return None
    registry = models.registry(app.settings)
    try:
        [vector] = await registry.embedder(model).embed([query])
    except SavantError as error:
        return Near(model, problem=str(error))
    finally:
        await registry.aclose()
    return Near(model, vector)


async def _fill(store: SearchStore, repository: int, model: str, embedder: Embedder) -> None:
    after = 0
    while found := await store.do(lambda last: stored.bare(store.wire, repository, model, last, BATCH), after):
        after = found[-1].id
        known = await store.do(lambda some: _known(store, repository, model, some), found)
        new = list({chunk.hash: chunk for chunk in found if chunk.hash not in known}.values())
        if new:
            texts = await store.do(lambda some: _texts(store, some), new)
            packed = stored.pack(model, await embedder.embed(texts))
            known |= {chunk.hash: data for chunk, data in zip(new, packed, strict=True)}
        rows = [(chunk.id, chunk.hash, known[chunk.hash]) for chunk in found]
        await store.do(lambda some: stored.put(store.wire, some), rows)


def _known(store: SearchStore, repository: int, model: str, chunks: Sequence[Bare]) -> dict[str, bytes]:
    return stored.of_hashes(store.wire, repository, model, [chunk.hash for chunk in chunks])


def _texts(store: SearchStore, chunks: Sequence[Bare]) -> list[str]:
    """What stands for each chunk: its path, its symbol and its lines."""
    ids = {chunk.file for chunk in chunks}
    files, contents = read.files(store.wire, ids), read.contents(store.wire, ids)
    said: list[str] = []
    for chunk in chunks:
        if chunk.file in files and chunk.file in contents:
            lines = contents[chunk.file].text.split("\n")[chunk.first_line - 1 : chunk.last_line]
            said.append("\n".join([files[chunk.file].path, chunk.symbol, *lines])[:MOST_CHARACTERS])
        else:
            said.append(chunk.symbol or "(gone)")  # removed meanwhile; its vector will be put nowhere
    return said
