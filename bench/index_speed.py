"""How fast a repository is indexed, beside the bare full-text engine.

    python bench/index_speed.py REPOSITORY... [--rounds 3]

The floor is a few lines of SQLite: every text file git lists, one row of FTS5 each, committed once. Savant reads the
same files, parses them, cuts them into chunks, takes identifiers apart, reads the history, and commits in batches.
Both run in fresh processes, in turn, the start of the process included; of wall and CPU time (children included) the
medians count. What Savant's start alone costs, in an installation that has a database, is told beside it.
"""

from __future__ import annotations

import argparse
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

CHANGED = 10
REPEATED = 3
SOURCES = (".py", ".go", ".js", ".ts", ".rs", ".java", ".c")
Result = dict[str, Any]


def floor(root: Path, home: Path) -> Result:
    """The bare engine; nothing of Savant is imported."""
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


def savant(root: Path, home: Path) -> Result:
    import asyncio

    from savant.services import repositories
    from savant.services.app import App
    from savant.settings import Settings

    async def run() -> Result:
        app = await App.open(Settings(home=home, config_dir=home))
        done = await repositories.index(app, (await repositories.locate(app, str(root))).slug)
        await app.aclose()
        return {key: done.index_report[key] for key in ("bytes", "files", "chunks", "unchanged", "seconds")}

    return asyncio.run(run())


SIDES = {"floor": floor, "savant": savant}


def timed(side: str, root: Path, home: Path) -> Result:
    """One side in a process of its own: its own answer, with wall and CPU seconds, start of the process included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    command = [sys.executable, __file__, str(root), "--side", side, "--home", str(home)]
    out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(out), "wall": time.perf_counter() - began, "cpu": cpu}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("roots", type=Path, nargs="+", metavar="REPOSITORY")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--side", choices=SIDES)
    arguments.add_argument("--home", type=Path)
    given = arguments.parse_args()
    if given.side:
        print(json.dumps(SIDES[given.side](given.roots[0], given.home)))
        return
    print(f"{'':14}{'files':>7}{'MB':>7} | {'CPU':>6}{'floor':>7}{'ratio':>7} | {'wall':>6}{'floor':>7}{'ratio':>7}")
    for root in given.roots:
        with tempfile.TemporaryDirectory(prefix="savant-bench-") as folder:
            _compare(root, Path(folder), given.rounds)


def _compare(source: Path, folder: Path, rounds: int) -> None:
    root = folder / "tree"
    subprocess.run(["git", "clone", "-q", str(source), str(root)], check=True)
    _prepare(folder, rounds)
    runs = [{side: timed(side, root, folder / f"{side}{number}") for side in SIDES} for number in range(rounds)]
    ours, bare = ({key: _median(runs, side, key) for key in ("cpu", "wall", "bytes")} for side in ("savant", "floor"))
    per_mb = bare["bytes"] / ours["bytes"]
    parts = [f"{source.name:14}{runs[0]['savant']['files']:7}{ours['bytes'] / 1e6:7.1f}"]
    parts += [f"{ours[key]:6.2f}{bare[key]:7.2f}{ours[key] / bare[key] * per_mb:6.2f}x" for key in ("cpu", "wall")]
    print(" | ".join(parts))
    _again(root, folder, ours["cpu"])


def _prepare(folder: Path, rounds: int) -> None:
    """Installations that have been used before: their database is there, with one file in it."""
    one = folder / "one"
    subprocess.run(["git", "init", "-q", str(one)], check=True)
    (one / "one.txt").write_text("one\n")
    for number in range(rounds):
        timed("savant", one, folder / f"savant{number}")


def _again(root: Path, folder: Path, full: float) -> None:
    """What it costs to start, to look again, and to index a few changed files: of several times the least."""
    home = folder / "savant0"
    timed("savant", root, home)  # what was changed within two seconds of being looked at is read once more
    start = min(timed("savant", folder / "one", home)["cpu"] for _ in range(REPEATED))
    again = min(timed("savant", root, home)["cpu"] for _ in range(REPEATED)) - start
    changed = min(_changed(root, home) for _ in range(REPEATED)) - start
    print(
        f"{'':14}CPU: start of the process {start:.2f} s, nothing changed +{again:.2f} s,"
        f" {CHANGED} files changed +{changed:.2f} s, {changed / (full - start):.1%} of a full index without its start"
    )


def _changed(root: Path, home: Path) -> float:
    _touch(root)
    return timed("savant", root, home)["cpu"]


def _median(runs: list[dict[str, Result]], side: str, key: str) -> float:
    return statistics.median(one[side][key] for one in runs)


def _touch(root: Path) -> None:
    sources = [file for file in sorted(root.rglob("*")) if file.suffix in SOURCES and file.is_file()]
    for file in random.Random(2).sample(sources, min(CHANGED, len(sources))):
        file.write_text(file.read_text("utf-8", "replace") + "\n# one line more\n")


if __name__ == "__main__":
    main()
