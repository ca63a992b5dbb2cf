"""How fast an indexed repository is searched, and exact search beside ripgrep.

    python bench/search_speed.py REPOSITORY [--home FOLDER]

Searches run in one process over a warm index; their queries are subjects of past commits and names of definitions, each
asked once. Exact searches ask for lines with a name or an expression. ripgrep is a process that reads the working tree
(its start is counted), Savant reads what is indexed and answers with up to 200 hits and their snippets.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from savant.runtime.indexing.log import past_commits
from savant.schemas.search import SearchQuery
from savant.services import indexing, repositories, search
from savant.services.app import App
from savant.settings import Settings

QUERIES = 200
NAMES = 10
EXPRESSIONS = [r"\bTODO\b", r"func \w+Error\(", r"return (nil|None|null)$", r"^import ", r"[A-Z]{3,}_[A-Z]+ ="]
RG = Path(sys.executable).with_name("rg")
Times = tuple[float, float]


async def measure(root: Path, home: Path) -> None:
    """Index, ask, and say how long it took."""
    app = await App.open(Settings(home=home, config_dir=home))
    await repositories.index(app, (await repositories.locate(app, str(root))).slug)
    dice = random.Random(1)
    subjects = [commit.subject for commit in await past_commits(root, None, 2000)]
    names = await _names(app)
    asked = dice.sample(subjects, min(QUERIES // 2, len(subjects))) + dice.sample(names, min(QUERIES // 2, len(names)))
    for query in asked[:5]:
        await _timed(app, SearchQuery(query=query))
    _say("search", [await _timed(app, SearchQuery(query=query)) for query in asked])
    plain = [name.rpartition(".")[2] for name in dice.sample(names, min(NAMES, len(names)))]
    for what, expressions in (("names, exact", plain), ("expressions", EXPRESSIONS)):
        queries = [SearchQuery(query=one, regex=True, limit=200) for one in expressions]
        _say(what, [await _timed(app, query) for query in queries])
        if RG.exists():
            _say(f"{what}, ripgrep", [_ripgrep(root, one) for one in expressions])
    await app.aclose()


async def _names(app: App) -> list[str]:
    store = indexing.store(app)
    try:
        sql = "SELECT DISTINCT symbol FROM chunks WHERE symbol <> '' ORDER BY symbol"
        return [name for (name,) in await store.do(lambda: store.wire.fetch(sql))]
    finally:
        await store.aclose()


async def _timed(app: App, query: SearchQuery) -> Times:
    """Milliseconds, wall and CPU."""
    began, spent = time.perf_counter(), time.process_time()
    await search.search(app, query)
    return (time.perf_counter() - began) * 1000, (time.process_time() - spent) * 1000


def _ripgrep(root: Path, expression: str) -> Times:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([str(RG), "--no-config", "--hidden", "-n", "-e", expression, str(root)], stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def _say(what: str, times: Sequence[Times]) -> None:
    parts = []
    for name, column in zip(("wall", "CPU"), zip(*times, strict=True), strict=True):
        p95 = statistics.quantiles(column, n=20)[-1] if len(column) >= 20 else max(column)
        parts.append(f"{name} median {statistics.median(column):6.1f} ms, p95 {p95:6.1f} ms")
    print(f"{what:24}{len(times):4} | {' | '.join(parts)}", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("root", type=Path)
    arguments.add_argument("--home", type=Path, help="where an index is, or is left, for the next time")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="savant-bench-") as folder:
        asyncio.run(measure(given.root.resolve(), given.home or Path(folder) / "home"))


if __name__ == "__main__":
    main()
