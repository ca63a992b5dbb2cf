"""The vectors of chunks: each with a mark of the model it is from; where the database cannot compare them, they are
scanned whole, some thousands at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from savant.database import pgvector
from savant.database.search import Wire, batches
from savant.database.search_rows import Scored, wanted

MARK_BYTES = 8
_SCANNED = 5_000


class Bare(NamedTuple):
    """A chunk that has no vector of a model yet."""

    id: int
    file: int
    first_line: int
    last_line: int
    symbol: str
    hash: str


def mark(model: str) -> bytes:
    """What the vectors of a model begin with: those of another are of no use beside them."""
    return hashlib.sha256(model.encode()).digest()[:MARK_BYTES]


def pack(model: str, vectors: Sequence[Sequence[float]]) -> list[bytes]:
    """Vectors of length 1 as they are stored."""
    import numpy as np

    matrix = np.asarray(vectors, dtype="<f8")
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit = (matrix / np.where(lengths == 0, 1, lengths)).astype("<f4")
    return [mark(model) + row.tobytes() for row in unit]


def bare(wire: Wire, repository: int, model: str, after: int, limit: int) -> list[Bare]:
    """The next chunks without a vector, or without one that the database compares, by their number."""
    lacking = f" OR {pgvector.LACKING}" if wire.compares() else ""
    rows = wire.fetch(
        "SELECT id, file_id, first_line, last_line, symbol, content_hash FROM chunks WHERE repository_id = ?"
        f" AND id > ? AND (embedding IS NULL OR substr(embedding, 1, {MARK_BYTES}) <> ?{lacking}) ORDER BY id LIMIT ?",
        (repository, after, mark(model), limit),
    )
    return [Bare(*row) for row in rows]


def of_hashes(wire: Wire, repository: int, model: str, hashes: Sequence[str]) -> dict[str, bytes]:
    """Vectors that chunks with the same text have already."""
    found: dict[str, bytes] = {}
    for some in batches(hashes):
        sql = (
            f"SELECT content_hash, embedding FROM chunks WHERE repository_id = ? AND content_hash IN ({wanted(some)})"
            f" AND embedding IS NOT NULL AND substr(embedding, 1, {MARK_BYTES}) = ?"
        )
        found |= {hash: bytes(data) for hash, data in wire.fetch(sql, (repository, *some, mark(model)))}
    return found


def put(wire: Wire, rows: Sequence[tuple[int, str, bytes]]) -> None:
    """Store (chunk, hash of its text, vector), where the chunk still says the same."""
    with wire.transaction():
        changed = [(data, id, hash) for id, hash, data in rows]
        wire.run("UPDATE chunks SET embedding = ? WHERE id = ? AND content_hash = ?", changed)
        if wire.compares():
            pgvector.put(wire, [(id, hash, data[:MARK_BYTES], _numbers(data).tolist()) for id, hash, data in rows])


def count(wire: Wire, repository: int, model: str) -> int:
    """How many chunks have a vector of the model."""
    sql = f"SELECT count(*) FROM chunks WHERE repository_id = ? AND substr(embedding, 1, {MARK_BYTES}) = ?"
    return wire.fetch(sql, (repository, mark(model)))[0][0]


def nearest(
    wire: Wire, repositories: Sequence[int], model: str, vector: Sequence[float], files: set[int] | None, limit: int
) -> list[Scored]:
    """The chunks whose vectors point most nearly where `vector` does, of some files or of all."""
    [packed] = pack(model, [vector])
    if len(vector) <= pgvector.MOST_DIMENSIONS and wire.compares():
        found = pgvector.nearest(wire, repositories, mark(model), _numbers(packed).tolist(), files, limit)
        if found:  # none, where no index run has been since the database learned to compare
            return found
    return _scanned(wire, repositories, packed, files, limit)


def _scanned(
    wire: Wire, repositories: Sequence[int], packed: bytes, files: set[int] | None, limit: int
) -> list[Scored]:
    import numpy as np

    query = _numbers(packed)
    best: list[Scored] = []
    last = 0
    sql = (
        f"SELECT id, file_id, embedding FROM chunks WHERE repository_id IN ({wanted(repositories)}) AND id > ?"
        f" AND substr(embedding, 1, {MARK_BYTES}) = ? ORDER BY id LIMIT {_SCANNED}"
    )
    while rows := wire.fetch(sql, (*repositories, last, packed[:MARK_BYTES])):
        last = rows[-1][0]
        kept = [row for row in rows if (files is None or row[1] in files) and len(row[2]) == len(packed)]
        if kept:
            matrix: Any = np.frombuffer(b"".join(bytes(row[2])[MARK_BYTES:] for row in kept), dtype="<f4")
            scores = matrix.reshape(len(kept), -1) @ query
            best += [Scored(row[0], row[1], float(score)) for row, score in zip(kept, scores, strict=True)]
            best = sorted(best, key=lambda one: (-one.score, one.id))[:limit]
    return best


def _numbers(packed: bytes) -> Any:
    import numpy as np

    return np.frombuffer(packed, dtype="<f4", offset=MARK_BYTES)
