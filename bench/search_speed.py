"""How fast a repository is indexed and searched, beside the bare full-text engine.

    python bench/search_speed.py REPOSITORY [--rounds 3]

The floor is a few lines of SQLite: every text file git lists, one row of FTS5 each, committed once. Savant reads the
same files, parses them, cuts them into chunks, takes identifiers apart, reads the history, and commits in batches.
Both run in fresh processes, in turn; wall and CPU time (children included) are the medians. Searches are timed in one
process over a warm index, their queries being subjects of past commits and names of definitions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from savant.runtime.indexing.log import past_commits
from savant.schemas.search import SearchQuery
from savant.services import indexing, repositories, search
from savant.services.app import App
from savant.settings import Settings

QUERIES = 200
CHANGED = 10


def floor(root: Path, home: Path) -> dict[str, Any]:
    """The bare engine."""
    home.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(home / "floor.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE VIRTUAL TABLE files USING fts5(path, text)")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    size = 0
    for path in map(os.fsdecode, listed.split(b"\0")[:-1]):
        file = root / path
        if file.is_symlink() or not file.is_file() or file.stat().st_size > 1_000_000:
            continue
        data = file.read_bytes()
        if b"\0" not in data:
            size += len(data)
            database.execute("INSERT INTO files VALUES (?, ?)", (path, data.decode("utf-8", "replace")))
    database.commit()
    return {"bytes": size}


def savant(root: Path, home: Path) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        app = await App.open(Settings(home=home, config_dir=home))
        report = await repositories.index(app, (await repositories.locate(app, str(root))).slug)
        await app.aclose()
        return {"bytes": report.bytes, "files": report.files, "chunks": report.chunks, "unchanged": report.unchanged}

    return asyncio.run(run())


SIDES = {"floor": floor, "savant": savant}


def timed(side: str, root: Path, home: Path) -> dict[str, Any]:
    """One side in a process of its own: its own answer, with wall and CPU seconds, start of the process included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    command = [sys.executable, __file__, str(root), "--side", side, "--home", str(home)]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(out), "wall": time.perf_counter() - began, "cpu": cpu}


async def searches(root: Path, home: Path) -> dict[str, float]:
    """Milliseconds of searches: median and 95th percentile, wall and CPU."""
    app = await App.open(Settings(home=home, config_dir=home))
    store = indexing.store(app)
    subjects = [commit.subject for commit in await past_commits(root, None, 2000)]
    names = [
        row[0] for row in await store.do(store.wire.fetch, "SELECT DISTINCT symbol FROM chunks WHERE symbol <> ''")
    ]
    dice = random.Random(1)
    asked = dice.sample(subjects, min(QUERIES // 2, len(subjects))) + dice.sample(names, min(QUERIES // 2, len(names)))
    for query in asked[:5]:
        await search.search(app, SearchQuery(query=query))
    wall: list[float] = []
    cpu: list[float] = []
    for query in asked:
        began, spent = time.perf_counter(), time.process_time()
        await search.search(app, SearchQuery(query=query))
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - spent) * 1000)
    await store.aclose()
    await app.aclose()
    return {
        "searches": len(asked), "p50": statistics.median(wall), "p95": statistics.quantiles(wall, n=20)[-1],
        "cpu_p50": statistics.median(cpu), "cpu_p95": statistics.quantiles(cpu, n=20)[-1],
    }  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("root", type=Path)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--side", choices=SIDES)
    arguments.add_argument("--home", type=Path)
    given = arguments.parse_args()
    if given.side:
        print(json.dumps(SIDES[given.side](given.root, given.home)))
        return
    with tempfile.TemporaryDirectory(prefix="savant-bench-") as folder:
        _compare(given.root, Path(folder), given.rounds)


def _compare(source: Path, folder: Path, rounds: int) -> None:
    root = folder / "tree"
    subprocess.run(["git", "clone", "-q", str(source), str(root)], check=True)
    runs: dict[str, list[dict[str, Any]]] = {"floor": [], "savant": []}
    for number in range(rounds):
        for side, results in runs.items():
            results.append(timed(side, root, folder / f"{side}{number}"))
    median = {
        side: {key: statistics.median(one[key] for one in results) for key in ("wall", "cpu", "bytes")}
        for side, results in runs.items()
    }
    for side, one in median.items():
        size = one["bytes"] / 1e6
        print(f"{side:8} {size:7.1f} MB  wall {one['wall']:6.2f} s  cpu {one['cpu']:6.2f} s")
    for key in ("wall", "cpu"):
        print(f"savant/floor per MB, {key}: {_per_mb(median['savant'], key) / _per_mb(median['floor'], key):.2f}")
    home = folder / "savant0"
    print({key: round(value, 2) for key, value in asyncio.run(searches(root, home)).items()})
    again = timed("savant", root, home)
    _touch(root)
    changed = timed("savant", root, home)
    for what, one in (("nothing changed", again), (f"{CHANGED} files changed", changed)):
        shares = ", ".join(
            f"{key} {one[key]:.2f} s ({one[key] / median['savant'][key]:.1%})" for key in ("wall", "cpu")
        )
        print(f"{what}, start of the process included: {shares} of a full index")


def _per_mb(one: dict[str, float], key: str) -> float:
    return one[key] / (one["bytes"] / 1e6)


def _touch(root: Path) -> None:
    sources = [file for file in sorted(root.rglob("*")) if file.suffix in (".py", ".go", ".js", ".rs", ".java", ".c")]
    for file in random.Random(2).sample(sources, min(CHANGED, len(sources))):
        file.write_text(file.read_text("utf-8", "replace") + "\n# one line more\n")


if __name__ == "__main__":
    main()
