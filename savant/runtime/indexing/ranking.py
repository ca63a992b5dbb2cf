"""How hits are put in order: what was measured on real histories is written in docs/search.md."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from savant.runtime.indexing.languages import is_generated, is_prose, is_test
from savant.schemas.indexing import WEIGHTS

MAX_CHUNKS = 300
MAX_COMMITS = 150


class Ranked(NamedTuple):
    """A file by its rank; `chunks` are those that match, best first, `commits` the past ones that speak for it."""

    file: int
    score: float
    chunks: list[int]
    commits: list[int]


class File(NamedTuple):
    path: str
    changes: int


def by_chunks(hits: Iterable[tuple[int, int, float]]) -> tuple[dict[int, float], dict[int, list[int]]]:
    """Of (chunk, file, score), best first: each file's best score, and its chunks."""
    scores: dict[int, float] = {}
    chunks: dict[int, list[int]] = {}
    for chunk, file, score in hits:
        scores.setdefault(file, score)
        chunks.setdefault(file, []).append(chunk)
    return scores, chunks


def by_commits(
    hits: Iterable[tuple[int, Sequence[int], int, float]], files: Mapping[int, File]
) -> tuple[dict[int, float], dict[int, list[int]]]:
    """Of (commit, files, how many it changed in all, score): what past commits say of each file, and which say it.

    Commits are numbered in their order; the newest of those that match count twice as much as the oldest, and those
    that changed many files somewhat less.
    """
    scores: dict[int, float] = {}
    commits: dict[int, list[int]] = {}
    hits = list(hits)
    age = {commit: 1 + place / len(hits) for place, commit in enumerate(sorted(hit[0] for hit in hits), 1)}
    for commit, changed, size, score in hits:
        worth = age[commit] * score * score / max(size, 1) ** 0.25
        for file in changed:
            scores[file] = scores.get(file, 0.0) + worth
            commits.setdefault(file, []).append(commit)
    return {file: score / (WEIGHTS.few_changes + files[file].changes) ** 0.5 for file, score in scores.items()}, commits


def by_recency(commits: Sequence[Sequence[str]]) -> dict[str, float]:
    """Of the files that each of the newest commits changed, newest first: how much each path is worked on, below 1."""
    heat: dict[str, float] = {}
    for place, paths in enumerate(commits):
        for path in paths:
            heat[path] = heat.get(path, 0.0) + math.exp(-place / WEIGHTS.recent_commits)
    return {path: one / (1 + one) for path, one in heat.items()}


def by_path(commits: Iterable[Sequence[str]]) -> dict[str, list[Sequence[str]]]:
    """The files that each commit changed, under every path that it changed."""
    found: dict[str, list[Sequence[str]]] = {}
    for paths in commits:
        for path in paths:
            found.setdefault(path, []).append(paths)
    return found


def together(path: str, commits: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, float]:
    """In how much of the commits that changed `path` each other file changed as well, below 1; once is chance."""
    changed = commits.get(path, ())[: WEIGHTS.together_commits]
    often = Counter(chain.from_iterable(changed))
    return {
        other: times / (len(changed) + WEIGHTS.few_together)
        for other, times in often.items()
        if times > 1 and other != path
    }


def fused(
    files: Mapping[int, File],
    chunks: tuple[dict[int, float], dict[int, list[int]]],
    *others: dict[int, float],
    commits: Mapping[int, list[int]] | None = None,
    recent: Mapping[int, float] | None = None,
    company: Callable[[int], Mapping[int, float]] | None = None,
    tests: bool = False,
    limit: int,
) -> list[Ranked]:
    """At least the best `limit` files by the sum of their scores, each list's best counting 1.

    `recent` is how much each is worked on, `company` says how much others change with the best; neither alone makes
    anything a hit.
    `tests`: the query is about tests, which are worth less otherwise.
    """
    total: dict[int, float] = {}
    for scores in (chunks[0], *others):
        best = max(scores.values(), default=0.0)
        for file, score in scores.items():
            total[file] = total.get(file, 0.0) + (score / best if best else 0.0)
    for file, heat in (recent or {}).items():
        if file in total:
            total[file] += WEIGHTS.recent * heat
    order = sorted(((score, file) for file, score in total.items() if file in files), reverse=True)
    # What is worth least can still not rise above what is this far up: the rest need not be looked at.
    least = order[min(limit, len(order)) - 1][0] * WEIGHTS.test * WEIGHTS.generated * WEIGHTS.prose if order else 0.0
    worth = {file: score * _worth(files[file].path, tests) for score, file in order if score >= least}
    if company and worth:
        best = min(worth, key=lambda file: (-worth[file], files[file].path))
        more = WEIGHTS.together * worth[best]
        for file, share in company(best).items():
            if file in total:
                alone = worth.get(file) or total[file] * _worth(files[file].path, tests)
                worth[file] = alone + more * share
    ranked = [
        Ranked(file, score, chunks[1].get(file, []), (commits or {}).get(file, [])) for file, score in worth.items()
    ]
    return sorted(ranked, key=lambda one: (-one.score, files[one.file].path))


@functools.lru_cache(maxsize=50_000)
def _worth(path: str, tests: bool) -> float:
    worth = WEIGHTS.test if not tests and is_test(path) else 1.0
    return worth * (WEIGHTS.generated if is_generated(path) else 1.0) * (WEIGHTS.prose if is_prose(path) else 1.0)
