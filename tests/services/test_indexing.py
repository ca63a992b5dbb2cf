"""An index run that is killed leaves an index that can be searched, and the next one finishes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from savant.client import connect
from savant.database.connect import Database
from savant.runtime.indexing import words
from savant.runtime.indexing.parse import Refused, Task
from savant.runtime.indexing.scanner import RACY_SECONDS
from savant.runtime.indexing.workers import parsed
from savant.schemas.indexing import Parsed
from savant.schemas.repositories import IndexConfig, IndexProgress, RepositoryCreate
from savant.schemas.search import SearchQuery
from savant.services import indexing
from savant.settings import Settings
from tests.runtime.indexing.trees import repository

SCRIPT = """
import asyncio, sys
from pathlib import Path
from savant.client import connect
from savant.settings import Settings

async def main():
    home = Path(sys.argv[1])
    async with connect(Settings(home=home, config_dir=home)) as client:
        made = await client.repositories.locate(sys.argv[2])
        print("begun", flush=True)
        await client.repositories.index(made.slug)
        print("done", flush=True)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize("after", [0.0, 0.4, 0.9, 1.6])
async def test_a_killed_index_run_is_gone_on_with(tmp_path: Path, after: float) -> None:
    body = "\n\n".join(f"def piece_{n}(value):\n    return value + {n}" for n in range(120))
    files: dict[str, str | bytes] = {f"m{n}.py": f"def module_{n}(): ...\n\n{body}\n" for n in range(500)}
    root = repository(tmp_path.resolve() / "r", files)
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "home"), str(root)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    home = tmp_path / "home"
    async with connect(Settings(home=home, config_dir=home)) as client:
        before = await client.repositories.status("r")
        assert before.state in ("missing", "stale", "current")
        found = await client.search(SearchQuery(symbol="module_7"))
        assert len(found.hits) <= 1
        assert before.state == "current" or found.warnings
        report = await client.repositories.index("r")
        assert report.unchanged + report.added == 500
        assert report.unchanged == before.files
        assert (await client.repositories.status("r")).state == "current"
        assert len((await client.search(SearchQuery(symbol="module_7"))).hits) == 1
    await _is_whole(home / "savant.db")


async def _is_whole(path: Path) -> None:
    """Every chunk has its words and every word its chunk, as the full text itself checks."""
    async with Database.open(f"sqlite+aiosqlite:///{path}") as database:
        store = indexing.SearchStore(database, 1, words)
        await store.do(store.wire.run, "INSERT INTO chunk_words (chunk_words) VALUES ('integrity-check')", [()])
        ((chunks, indexed),) = await store.do(
            store.wire.fetch, "SELECT (SELECT count(*) FROM chunks), (SELECT count(*) FROM chunk_words_docsize)"
        )
        await store.aclose()
    assert chunks == indexed


async def test_many_files_are_read_by_workers_and_none_is_lost(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    names = [f"f{n}.py" for n in range(40)]
    for name in names:
        (root / name).write_text("def f(): ...\n" * 4_000)
    tasks = [(Task(name, name, None), 52_000) for name in [*names, "gone.py"]]
    seen = {task.shown: outcome async for task, _, outcome in parsed(str(root), tasks, 1_000_000, workers=2)}
    assert all(isinstance(seen[name], Parsed) for name in names)
    assert isinstance(seen["gone.py"], Refused)


async def test_what_kills_a_worker_is_cut_by_lines_or_refused_and_nothing_else_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(KILLER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    root = tmp_path / "r"
    root.mkdir()
    bodies = {"deadly.py": "kill the parser", "worse.py": "kill the reader", "fine.py": "def f(): ..."}
    for name, body in bodies.items():
        (root / name).write_text(body)
    tasks = [(Task(name, name, None), 1_000_000) for name in bodies]
    seen = {task.shown: outcome async for task, _, outcome in parsed(str(root), tasks, 1_000_000, workers=2)}
    cut, fine = seen["deadly.py"], seen["fine.py"]
    assert isinstance(cut, Parsed)
    assert not cut.structured
    assert isinstance(fine, Parsed)
    assert fine.structured
    assert seen["worse.py"] == Refused("worse.py", "kills what reads it")


# Read at the start of every Python: a parser that dies of some files, as one written in C can.
KILLER = """
import os, sys
if "savant.runtime.indexing.worker" in sys.orig_argv:
    from savant.runtime.indexing import chunker, parse

    def chunks(language, text, real=chunker.chunks):
        if "kill the reader" in text or ("kill the parser" in text and language):
            os.abort()
        return real(language, text)

    parse.chunks = chunks
"""


async def test_content_decides_even_where_size_and_time_are_set_back(tmp_path: Path) -> None:
    root = repository(tmp_path.resolve() / "r", {"a.py": "def before(): ...\n", "b.py": "def other(): ...\n"})
    old = (root / "a.py").stat()
    async with connect(Settings(home=tmp_path / "home", config_dir=tmp_path / "home")) as client:
        slug = (await client.repositories.locate(str(root))).slug
        await client.repositories.index(slug)
        time.sleep(RACY_SECONDS + 0.1)
        assert (await client.repositories.index(slug)).unchanged == 2
        (root / "a.py").write_text("def afters(): ...\n")
        os.utime(root / "a.py", ns=(old.st_atime_ns, old.st_mtime_ns))
        report = await client.repositories.index(slug)
        assert (report.changed, report.unchanged) == (1, 1)
        # Changed again at once, within what a file system may count as the same moment.
        (root / "a.py").write_text("def againe(): ...\n")
        assert (await client.repositories.index(slug)).changed == 1
        assert len((await client.search(SearchQuery(symbol="againe"))).hits) == 1


async def test_progress_goes_up_to_all_files_and_bytes(tmp_path: Path) -> None:
    root = repository(tmp_path.resolve() / "r", {f"m{n}.py": "def f(): ...\n" * 100 for n in range(30)})
    told: list[IndexProgress] = []
    async with connect(Settings(home=tmp_path / "home", config_dir=tmp_path / "home")) as client:
        slug = (await client.repositories.locate(str(root))).slug
        await client.repositories.index(slug, listener=told.append)
    assert [one.files for one in told] == sorted(one.files for one in told)
    assert (told[0].files, told[0].files_total, told[0].bytes_total) == (0, 30, 30 * 1300)
    assert (told[-1].files, told[-1].bytes) == (30, 30 * 1300)


async def test_an_index_that_is_not_whole_or_of_another_version_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(progress: IndexProgress) -> None:
        raise RuntimeError

    root = repository(tmp_path.resolve() / "r", {"a.py": "def piece(): ...\n"})
    async with connect(Settings(home=tmp_path / "home", config_dir=tmp_path / "home")) as client:
        slug = (await client.repositories.locate(str(root))).slug
        await client.repositories.index(slug)
        with pytest.raises(RuntimeError):
            await client.repositories.index(slug, full=True, listener=give_up)
        found = await client.search(SearchQuery(query="piece"))
        assert found.hits == []
        assert found.warnings == [f"`r` is not all there, as its last index run did not end: savant index {root}"]
        status = await client.repositories.status(slug)
        assert (status.state, status.advice) == ("stale", f"Its last index run did not end: savant index {root}")
        await client.repositories.index(slug)
        monkeypatch.setattr(words, "VERSION", words.VERSION + 1)
        assert "another version of Savant" in str((await client.repositories.status(slug)).advice)
        [warning] = (await client.search(SearchQuery(query="piece"))).warnings
        assert warning.endswith(f"which split words otherwise: savant index {root}")
        assert (await client.repositories.index(slug)).added == 1
        assert (await client.search(SearchQuery(query="piece"))).warnings == []


async def test_what_a_limit_leaves_out_makes_no_index_stale(tmp_path: Path) -> None:
    root = repository(tmp_path.resolve() / "r", {f"{n}.py": "x = 1\n" for n in range(5)})
    async with connect(Settings(home=tmp_path / "home", config_dir=tmp_path / "home")) as client:
        create = RepositoryCreate(path=str(root), config=IndexConfig(max_files=3))
        slug = (await client.repositories.create(create)).slug
        assert (await client.repositories.index(slug)).files == 3
        assert (await client.repositories.status(slug)).state == "current"


async def test_any_script_can_index_much_even_one_that_starts_at_once(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"m{n}.py": f"def m{n}(): ...\n" * 4_000 for n in range(30)}
    root = repository(tmp_path.resolve() / "r", files)
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.replace('if __name__ == "__main__":\n    ', ""))
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "home"), str(root)], capture_output=True, timeout=60, check=True
    )
    assert done.stdout.split() == [b"begun", b"done"]
