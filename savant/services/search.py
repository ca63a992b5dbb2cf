"""Search: what words, names or expressions find in the index, and how far the index can be trusted."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from savant import clock
from savant.database import search_read as read
from savant.database.search import Wire
from savant.database.search_catalog import Catalog, catalog
from savant.database.search_read import Candidate, ChunkRow, Content, FileRow, RepositoryRow
from savant.database.search_vectors import nearest
from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.globs import compiled
from savant.runtime.indexing import ranking, snippets
from savant.runtime.indexing.grep import Expression
from savant.runtime.indexing.head import quick_head
from savant.runtime.indexing.languages import is_test, names
from savant.runtime.indexing.parse import hash_of
from savant.runtime.indexing.query import asks_for_tests, parse
from savant.runtime.indexing.ranking import MAX_CHUNKS, MAX_COMMITS, File, Ranked
from savant.runtime.indexing.stamps import stamp
from savant.schemas.indexing import WEIGHTS, Query
from savant.schemas.search import Hit, Line, Place, SearchQuery, SearchResult
from savant.services import indexing, leases, vectors
from savant.services.app import App
from savant.services.vectors import Near

MANY_CHUNKS = 5_000
MAX_NEAR = 50
NEAR_RANK = 10
OTHERS = 3
BECAUSE = 2
RECENT = 3 * WEIGHTS.recent_commits
HISTORY = 1_000
MANY_REPOSITORIES = 5
MAX_FILE = 16_000_000


class Scope(NamedTuple):
    """Where to look: repositories by id, and the files that filters leave, None where there are no filters."""

    repositories: dict[int, RepositoryRow]
    files: dict[int, FileRow] | None

    @property
    def ids(self) -> list[int]:
        return list(self.repositories)


class History(NamedTuple):
    """How much each path is worked on, and what the newest commits changed, newest first, under each such path."""

    heat: dict[str, float]
    commits: dict[str, list[Sequence[str]]]


async def search(app: App, query: SearchQuery) -> SearchResult:
    """Hits for a query, best first. Raises NOT_FOUND where nothing is indexed, VALIDATION_ERROR for a bad query."""
    _check(query)
    near = await vectors.near(app, query.query) if query.query.strip() and not query.regex else None
    workspace = app.actor.workspace_id
    async with catalog(app.database, workspace, lambda: indexing.store(app)) as own:
        result = await own.store.do(_search, own, query, workspace, near)
    if near is not None and near.problem:
        result.warnings.append(f"Found by words alone: {near.problem}")
    return result


def _search(own: Catalog, query: SearchQuery, workspace_id: int, near: Near | None) -> SearchResult:
    own.store.revive()
    wire = own.store.wire
    every = read.repositories(wire, workspace_id)
    own.fit(every)
    rows = _wanted(every, query.repositories)
    scope = _scope(wire, query, rows)
    if scope.files is not None and not scope.files:
        return SearchResult(hits=[], warnings=_warnings(rows, []))
    if query.regex:
        hits, more = _by_expression(wire, query, scope)
    elif query.query.strip():
        hits, more = _by_words(own, query, scope, near)
    else:
        hits, more = _by_symbol(wire, query, scope)
    return SearchResult(hits=hits, truncated=more, warnings=_warnings(rows, hits))


def _check(query: SearchQuery) -> None:
    if not query.query.strip() and not query.symbol:
        raise SavantError(ErrorCode.VALIDATION, "There is nothing to search for.", hint="Give words, or a symbol.")
    for language in query.languages:
        if language.lower() not in names():
            raise SavantError(
                ErrorCode.VALIDATION,
                f"`{language}` is no language that is told apart.",
                hint=", ".join(sorted(names())),
            )


def _wanted(rows: Sequence[RepositoryRow], wanted: Sequence[str]) -> dict[int, RepositoryRow]:
    slugs = [row.slug for row in rows]
    for ref in wanted:
        if ref not in slugs:
            near = difflib.get_close_matches(ref, slugs, 1)
            hint = f"Did you mean `{near[0]}`?" if near else "`savant repositories list` shows what there is."
            raise SavantError(ErrorCode.NOT_FOUND, f"There is no repository `{ref}`.", hint=hint)
    if not rows:
        raise SavantError(
            ErrorCode.NOT_FOUND, "No repository is indexed.", hint="Index the one you are in: savant index"
        )
    return {row.id: row for row in rows if not wanted or row.slug in wanted}


# Which files


def _scope(wire: Wire, query: SearchQuery, rows: dict[int, RepositoryRow]) -> Scope:
    if not (query.languages or query.paths or query.memory or query.tests is not None):
        return Scope(rows, None)
    globs = [compiled(path) for path in query.paths]
    languages = {language.lower() for language in query.languages}
    languages |= {"tsx"} if "typescript" in languages else set()
    kept: dict[int, FileRow] = {}
    for file in read.all_files(wire, list(rows)):
        wanted = (
            (not globs or any(glob.match(file.path) for glob in globs))
            and (not languages or file.language in languages)
            and (query.tests is None or is_test(file.path) == query.tests)
            and (not query.memory or _is_memory(file, rows[file.repository]))
        )
        if wanted:
            kept[file.id] = file
    return Scope(rows, kept)


def _is_memory(file: FileRow, row: RepositoryRow) -> bool:
    return file.language == "markdown" and file.path.startswith(tuple(row.memory))


# By words


def _by_words(own: Catalog, query: SearchQuery, scope: Scope, near: Near | None) -> tuple[list[Hit], bool]:
    words = parse(query.query)
    if words.empty:
        return [], False
    ranked = _ranked(own, words, query, scope, near)
    if not ranked and not words.phrases:
        words = words._replace(fragments=True)
        ranked = _ranked(own, words, query, scope, None)
    page = ranked[: query.limit]
    return _shown(own.store.wire, page, words, query, scope), len(ranked) > len(page)


def _ranked(own: Catalog, words: Query, query: SearchQuery, scope: Scope, near: Near | None) -> list[Ranked]:
    """Files by what their chunks say, what past commits say of them, and where vectors are near."""
    wire = own.store.wire
    only = None if scope.files is None else list(scope.files)
    symbol = {chunk.id: chunk.file for chunk in _named(wire, query.symbol, scope)} if query.symbol else None
    if symbol is not None:
        only = list(set(symbol.values()))
    hits = wire.chunks_with(words, scope.ids, only, MAX_CHUNKS if symbol is None else MANY_CHUNKS)
    chunks = ranking.by_chunks(hit for hit in hits if symbol is None or hit.id in symbol)
    exact = symbol is not None or words.phrases or words.fragments
    past = [] if exact else wire.commits_with(words, scope.ids, MAX_COMMITS)
    told = _files_of_commits(own, past)
    meant = {} if exact else _meant(wire, scope, near, chunks[1])
    files = {
        **own.files({*chunks[0], *meant}),
        **{file.id: file for found in told.values() for file in found},
    }
    if scope.files is not None:
        files = {id: file for id, file in files.items() if id in scope.files}
    known = {id: File(file.path, file.changes) for id, file in files.items()}
    spoken = (
        (one.id, [file.id for file in told[one.id] if file.id in known], len(one.owner[1]), one.score) for one in past
    )
    scores, because = ranking.by_commits(spoken, known)
    tests = query.tests is not None or asks_for_tests(query.query)
    recent = _recent(own, files, scope)
    company = None if exact or len(scope.repositories) > MANY_REPOSITORIES else lambda best: _company(own, files, best)
    return ranking.fused(
        known, chunks, scores, meant, commits=because, recent=recent, company=company, tests=tests,
        limit=query.limit + 1,
    )  # fmt: skip


def _meant(wire: Wire, scope: Scope, near: Near | None, chunks: dict[int, list[int]]) -> dict[int, float]:
    """What the rank of a file's nearest chunk is worth; such chunks are shown after those that match by words."""
    if near is None or near.vector is None:
        return {}
    only = None if scope.files is None else set(scope.files)
    scores: dict[int, float] = {}
    for rank, one in enumerate(nearest(wire, scope.ids, near.model, near.vector, only, MAX_NEAR)):
        scores.setdefault(one.owner, NEAR_RANK / (NEAR_RANK + rank))
        known = chunks.setdefault(one.owner, [])
        if one.id not in known:
            known.append(one.id)
    return scores


def _recent(own: Catalog, files: dict[int, Candidate], scope: Scope) -> dict[int, float]:
    """How much each file is worked on; where very many repositories are searched it does not matter."""
    if len(scope.repositories) > MANY_REPOSITORIES:
        return {}
    heat = {repository: _history(own, repository).heat for repository in scope.ids}
    return {id: heat[file.repository].get(file.path, 0.0) for id, file in files.items()}


def _company(own: Catalog, files: dict[int, Candidate], best: int) -> dict[int, float]:
    """How much each file changes together with the best one."""
    repository = files[best].repository
    shares = ranking.together(files[best].path, _history(own, repository).commits)
    return {
        id: shares[file.path] for id, file in files.items() if file.repository == repository and file.path in shares
    }


def _history(own: Catalog, repository: int) -> History:
    return own.once(repository, lambda: _read_history(own.store.wire, repository))


def _read_history(wire: Wire, repository: int) -> History:
    newest = read.recent(wire, repository, HISTORY)
    return History(ranking.by_recency(newest[:RECENT]), ranking.by_path(newest))


def _files_of_commits(own: Catalog, past: Sequence[Any]) -> dict[int, list[Candidate]]:
    paths: dict[int, set[str]] = {}
    for one in past:
        repository, changed = one.owner
        paths.setdefault(repository, set()).update(changed)
    there = {repository: own.at(repository, changed) for repository, changed in paths.items()}
    return {one.id: [file for path in one.owner[1] if (file := there[one.owner[0]][path])] for one in past}


def _shown(wire: Wire, page: list[Ranked], words: Query, query: SearchQuery, scope: Scope) -> list[Hit]:
    files = read.files(wire, [one.file for one in page])
    chunks = read.chunks(wire, [id for one in page for id in one.chunks[: OTHERS + 1]])
    contents = read.contents(wire, files)
    subjects = read.subjects(wire, [id for one in page for id in one.commits[:BECAUSE]])
    hits: list[Hit] = []
    for one in page:
        found = [chunks[id] for id in one.chunks[: OTHERS + 1] if id in chunks]
        found = found or read.chunks_of(wire, one.file)[:1] or [ChunkRow(0, one.file, 1, 1, "", "lines")]
        content = contents[one.file]
        lines = content.text.split("\n", found[0].last_line)
        shown = snippets.snippet(lines, found[0].first_line, found[0].last_line, words, query.context)
        because = [subjects[id] for id in one.commits[:BECAUSE] if id in subjects]
        hits.append(_hit(files[one.file], content, found, shown, round(one.score, 4), scope, because))
    return hits


def _hit(
    file: FileRow, content: Content, found: Sequence[ChunkRow], shown: list[Line], score: float, scope: Scope,
    because: list[str] | None = None,
) -> Hit:  # fmt: skip
    row = scope.repositories[file.repository]
    best = found[0]
    changed, missing = _differs(row, file, content.stamp)
    return Hit(
        repository=row.slug, path=file.path, first_line=best.first_line, last_line=best.last_line,
        symbol=best.symbol or None, kind=best.kind, language=file.language, commit=file.commit, changed=changed,
        missing=missing, score=score, snippet=shown, because=because or [],
        others=[Place(first_line=c.first_line, last_line=c.last_line, symbol=c.symbol or None) for c in found[1:]],
    )  # fmt: skip


def _differs(row: RepositoryRow, file: FileRow, seen: str | None) -> tuple[bool, bool]:
    """Whether the file holds something else than the index does, and whether it is gone."""
    if row.local_path is None:
        return False, False
    path = os.fsdecode(file.raw_path) if file.raw_path else file.path
    try:
        there = os.lstat(os.path.join(row.local_path, path))  # noqa: PTH118  (hot, and bytes-safe)
    except OSError:
        return True, True
    return stamp(there) != seen and hash_of(row.local_path, path, MAX_FILE) != file.hash, False


# By symbol


def _by_symbol(wire: Wire, query: SearchQuery, scope: Scope) -> tuple[list[Hit], bool]:
    found = _named(wire, query.symbol or "", scope)
    page = found[: query.limit]
    files = read.files(wire, {chunk.file for chunk in page})
    contents = read.contents(wire, files)
    words = parse(query.symbol or "")
    hits: list[Hit] = []
    for chunk in page:
        content = contents[chunk.file]
        lines = content.text.split("\n")
        last = min(chunk.last_line, chunk.first_line + 2 * query.context)
        shown = snippets.snippet(lines, chunk.first_line, last, words, query.context)
        hits.append(_hit(files[chunk.file], content, [chunk], shown, 1.0, scope))
    return hits, len(found) > len(page)


def _named(wire: Wire, symbol: str | None, scope: Scope) -> list[ChunkRow]:
    found = read.symbols(wire, scope.ids, symbol or "", MANY_CHUNKS)
    return [chunk for chunk in found if scope.files is None or chunk.file in scope.files]


# By expression


def _by_expression(wire: Wire, query: SearchQuery, scope: Scope) -> tuple[list[Hit], bool]:
    """Every line that matches, by path and line, up to the limit."""
    expression = Expression(query.query)
    symbol = {chunk.id for chunk in _named(wire, query.symbol, scope)} if query.symbol else None
    hits: list[Hit] = []
    for id, content in read.all_contents(wire, scope.ids, expression.literal):
        if scope.files is not None and id not in scope.files:
            continue
        chunks: list[ChunkRow] | None = None
        for found in expression.lines(content.text):
            chunks = read.chunks_of(wire, id) if chunks is None else chunks
            around = [one for one in chunks if one.first_line <= found.number <= one.last_line]
            if symbol is not None and not any(one.id in symbol for one in around):
                continue
            if len(hits) == query.limit:
                return hits, True
            file = read.files(wire, [id])[id]
            inner = around[-1] if around else ChunkRow(0, id, found.number, found.number, "", "lines")
            place = inner._replace(first_line=found.number, last_line=found.number)
            shown = snippets.around(content.text.split("\n"), found.number, found.marks, query.context)
            hits.append(_hit(file, content, [place], shown, 1.0, scope))
    return hits, False


# How far it can be trusted


def _warnings(rows: dict[int, RepositoryRow], hits: Sequence[Hit]) -> list[str]:
    said: list[str] = []
    for row in rows.values():
        if leases.alive(row.lease_holder, row.lease_expires_at, clock.now()):
            said.append(f"`{row.slug}` is being indexed now; not all of it is found yet.")
        elif problem := _problem(row):
            said.append(f"`{row.slug}` {problem}: savant index {row.local_path or row.slug}")
    if changed := [hit.repository for hit in hits if hit.changed]:
        again = " && ".join(f"savant index {row.local_path}" for row in rows.values() if row.slug in changed)
        moved = f"{len(changed)} of these files have changed since they were indexed; lines may have moved"
        said.append(f"{moved}: {again}")
    return said


def _problem(row: RepositoryRow) -> str | None:
    if row.indexed_at is None:
        return "is not indexed to the end"
    if row.status == "pending":
        return "is to be indexed again"
    if row.status != "completed":
        return "is not all there, as its last index run did not end"
    if indexing.is_other_version(row.version):
        return "was indexed by another version of Savant, which split words otherwise"
    head = quick_head(Path(row.local_path)) if row.local_path else None
    return "was indexed at another commit than HEAD" if head and head != row.indexed_commit else None
