"""Does search find the files that a commit changed, asked with nothing but the commit's message?

    python bench/search_recall.py REPOSITORY... [--commits 300] [--at parent|base] [--json FILE]

Every commit without parents' merges that changed one to ten files is a question: its subject is the query, the files
it changed (and that were there before) are the answer. With `--at parent` the index is taken at the commit's parent,
incrementally, as a person would have had it; with `--at base` once, before the first of them. Both the index and the
past commits it knows end there. Beside it: plain FTS5 over the files' text, words joined with OR, ranked by bm25.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from savant.schemas.search import SearchQuery
from savant.services import indexing, repositories, search
from savant.services.app import App
from savant.settings import Settings

AT = (5, 10)


class Question(NamedTuple):
    sha: str
    parent: str
    subject: str
    files: frozenset[str]


class Baseline:
    """One row a file, its text as it is; what a few lines of SQLite give."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE VIRTUAL TABLE files USING fts5(path UNINDEXED, text)")
        self.held: dict[str, tuple[int, str]] = {}

    def update(self, root: Path, paths: list[str]) -> None:
        for path in self.held.keys() - set(paths):
            self.db.execute("DELETE FROM files WHERE rowid = ?", (self.held.pop(path)[0],))
        for path in paths:
            text = (root / path).read_bytes().decode("utf-8", "replace")
            old = self.held.get(path)
            if old and old[1] == text:
                continue
            if old:
                self.db.execute("DELETE FROM files WHERE rowid = ?", (old[0],))
            row = self.db.execute("INSERT INTO files (path, text) VALUES (?, ?)", (path, text)).lastrowid
            self.held[path] = (row or 0, text)

    def search(self, query: str) -> list[str]:
        words = list(dict.fromkeys(re.findall(r"\w+", query.lower())))
        match = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT path FROM files WHERE files MATCH ? ORDER BY bm25(files) LIMIT ?"
        return [path for (path,) in self.db.execute(sql, (match, max(AT)))] if words else []


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def questions(root: Path, count: int) -> list[Question]:
    """The newest commits that can be asked about, oldest first."""
    out = git(root, "log", "--no-merges", "--format=%x01%H %P%x02%s%x02", "--name-status", "--no-renames", "-z")
    found: list[Question] = []
    for entry in out.split("\x01")[1:]:
        shas, subject, rest = entry.split("\x02", 2)
        fields = [field.strip("\n") for field in rest.strip("\n\0").split("\0")]
        changed = frozenset(path for status, path in zip(fields[::2], fields[1::2], strict=False) if status == "M")
        sha, *parents = shas.split()
        if len(parents) == 1 and 1 <= len(changed) <= 10 and len(subject.split()) >= 3:
            found.append(Question(sha, parents[0], subject, changed))
        if len(found) == count:
            break
    return found[::-1]


async def measure(source: Path, count: int, at: str) -> dict[str, Any]:
    """Recall of both at 5 and at 10, over one repository."""
    folder = Path(tempfile.mkdtemp(prefix="savant-bench-"))
    root = folder / "tree"
    subprocess.run(["git", "clone", "-q", "--shared", "--no-checkout", str(source), str(root)], check=True)
    app = await App.open(Settings(home=folder / "home", config_dir=folder / "home"))
    try:
        asked = questions(root, count)
        return await _ask(app, root, asked, at) | {"repository": source.parent.name}
    finally:
        await app.aclose()
        shutil.rmtree(folder)


async def _ask(app: App, root: Path, asked: list[Question], at: str) -> dict[str, Any]:
    baseline = Baseline()
    sums = {name: [0.0] * len(AT) for name in ("savant", "baseline")}
    ref, store, number = "", indexing.store(app), 0
    for number, question in enumerate(asked, 1):
        if number == 1 or at == "parent":
            # Not checked: of a copied repository the largest files may be missing, and all others are still there.
            subprocess.run(["git", "checkout", "-q", "-f", "--detach", question.parent], cwd=root, capture_output=True)
            ref = ref or (await repositories.locate(app, str(root))).slug
            await repositories.index(app, ref)
            paths = list(await store.do(store.known, 1))
            baseline.update(root, paths)
        wanted = question.files & set(baseline.held)
        if not wanted:
            continue
        result = await search.search(app, SearchQuery(query=question.subject, limit=max(AT)))
        found = {"savant": [hit.path for hit in result.hits], "baseline": baseline.search(question.subject)}
        for name, got in found.items():
            for index, limit in enumerate(AT):
                sums[name][index] += len(wanted & set(got[:limit])) / len(wanted)
        sums.setdefault("asked", [0.0])[0] += 1
        if sys.stderr.isatty():
            print(f"\r{number}/{len(asked)}", end="", file=sys.stderr)
    await store.aclose()
    total = int(sums.pop("asked", [0.0])[0])
    recall = {name: [round(value / max(total, 1), 4) for value in values] for name, values in sums.items()}
    return {"questions": total, "files": len(baseline.held), **recall}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("repositories", nargs="+", type=Path)
    arguments.add_argument("--commits", type=int, default=300)
    arguments.add_argument("--at", choices=("parent", "base"), default="parent")
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    print(f"{'repository':34}{'asked':>6}{'files':>7}   recall@5        recall@10")
    rows: list[dict[str, Any]] = []
    for source in given.repositories:
        row = asyncio.run(measure(source, given.commits, given.at))
        rows.append(row)
        print(_line(row["repository"], row), flush=True)
    mean = {
        name: [sum(row[name][i] for row in rows) / len(rows) for i in range(len(AT))] for name in ("savant", "baseline")
    }
    print(_line("mean", {"questions": sum(row["questions"] for row in rows), "files": 0, **mean}))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


def _line(name: str, row: dict[str, Any]) -> str:
    pairs = [
        f"{ours:.3f}/{plain:.3f} x{ours / plain if plain else 0:.2f}"
        for ours, plain in zip(row["savant"], row["baseline"], strict=True)
    ]
    return f"{name:34}{row['questions']:>6}{row['files']:>7}   {'  '.join(pairs)}"


if __name__ == "__main__":
    main()
