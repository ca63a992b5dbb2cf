"""`savant index`, `search` and `repositories` in a real process."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from savant.errors import ExitCode
from tests.cli.conftest import PATIENCE, SAVANT, Cli
from tests.runtime.indexing.trees import commit, git, repository, write


@pytest.fixture
def shop(savant: Cli) -> Cli:
    repository(savant.folder, {"cart.py": "class Cart:\n    def addItem(self):\n        return 1\n", "b.bin": b"\x00"})
    return savant


def test_a_repository_is_indexed_and_searched(shop: Cli) -> None:
    assert shop("search", "cart").code == ExitCode.USAGE
    done = shop("index", "-v")
    assert done.code == 0, done.stderr
    assert "1 files in 2 chunks (1 new, 1 left out)" in done.stdout
    assert "left out, binary: 1 (b.bin)" in done.stderr
    found = shop("search", "adding", "items")
    assert found.code == 0
    assert found.stdout.startswith("cart.py:2  Cart.addItem")
    assert "     2     def addItem(self):" in found.stdout
    hit = shop("search", "adding items", "--json").json["hits"][0]
    assert (hit["path"], hit["symbol"], hit["changed"]) == ("cart.py", "Cart.addItem", False)
    assert shop("search", "--regex", "return [0-9]$", "--json").json["hits"][0]["first_line"] == 3
    assert shop("search", "--symbol", "additem", "--json").json["hits"][0]["kind"] == "method"
    assert shop("search", "nothingofthekind").stderr.strip() == "Nothing was found."
    assert shop("search", "--regex", "(").code == ExitCode.USAGE
    assert shop("search").code == ExitCode.USAGE


def test_the_memory_bank_is_markdown_under_configured_folders_and_searched_on_its_own(savant: Cli) -> None:
    write(savant.folder, {
        "memory-bank/notes.md": "# Decisions\n\nInvoices are rounded per line.\n", "notesmore/x.md": "# Invoices\n",
        "memory-bank/tool.py": "invoices = 1\n", ".savant/memory/older.md": "Invoices were rounded once.\n",
        "invoices.md": "# Invoices\n", "invoices.py": "invoices = 2\n", "notes/Deep/INVOICES.MD": "# Invoices\n",
    })  # fmt: skip
    assert _remembered(savant, "index") == {"memory-bank/notes.md", ".savant/memory/older.md"}
    slug = savant("repositories", "list", "--json").json["items"][0]["slug"]
    assert savant("repositories", "remove", slug, "--yes").code == 0
    assert savant("repositories", "add", ".", "--memory", "./notes/", "--memory", ".savant/memory").code == 0
    assert _remembered(savant, "index") == {"notes/Deep/INVOICES.MD", ".savant/memory/older.md"}
    assert len(savant("search", "invoices", "--json").json["hits"]) == 7
    assert savant("search", "--memory", "amount", "--json").json["hits"] == []


def test_repositories_from_list_to_remove(shop: Cli) -> None:
    made = shop("repositories", "add", ".", "--name", "Shop")
    assert (made.code, made.stdout.strip()) == (0, "shop")
    assert shop("repositories", "status", "shop", "--json").json["items"][0]["state"] == "missing"
    assert shop("repositories", "index", "shop").code == 0
    write(shop.folder, {"new.py": "x = 1\n"})
    status = shop("repositories", "status")
    assert "stale" in status.stdout
    assert "savant index" in status.stderr
    assert "left out, binary: 1" in shop("repositories", "show", "shop").stdout
    assert shop("repositories", "remove", "shop").code == ExitCode.USAGE
    assert shop("repositories", "remove", "shop", "--yes").code == 0
    assert shop("repositories", "list", "--json").json["items"] == []
    assert shop("repositories", "show", "shop").code == ExitCode.USAGE


def test_a_watched_tree_is_followed_with_its_branches(shop: Cli) -> None:
    process = subprocess.Popen(
        [*SAVANT, "index", "--watch", "--output", "jsonl"],
        cwd=shop.folder, env=shop.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    lines: queue.Queue[str] = queue.Queue()
    for stream in (process.stdout, process.stderr):
        threading.Thread(target=lambda stream=stream: [lines.put(line) for line in stream], daemon=True).start()
    try:
        _wait_for(lines, "Watching")
        write(shop.folder, {"later.py": "def cameLater(): ...\n"})
        _wait_for(lines, '"added":1')
        assert shop("search", "came later", "--json").json["hits"][0]["path"] == "later.py"
        git(shop.folder, "checkout", "-q", "-b", "side")
        commit(shop.folder, {"side.py": "def onTheSide(): ...\n"}, "Side")
        _wait_for(lines, '"commits":1')
        git(shop.folder, "checkout", "-q", "main")
        _wait_for(lines, '"removed":')
        assert shop("search", "--symbol", "onTheSide", "--json").json["hits"] == []
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == ExitCode.INTERRUPTED


def test_a_watch_sees_a_save_within_a_second(shop: Cli) -> None:
    process = subprocess.Popen(
        [*SAVANT, "index", "--watch", "--output", "jsonl"],
        cwd=shop.folder, env=shop.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True).start()
    took: list[float] = []
    try:
        _wait_for(lines, "Watching")
        for number in range(5):  # the best of five, since other work on this machine is no fault of the watch
            began = time.monotonic()
            write(shop.folder, {f"saved{number}.py": "def saved(): ...\n"})
            _wait_for(lines, '"added":1')
            took.append(time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    assert min(took) < 1.0


def test_a_terminal_shows_files_megabytes_and_time_left(shop: Cli) -> None:
    body = "".join(f"def f{n}(value):\n    return value + {n}\n\n" for n in range(4_000))
    write(shop.folder, {f"m{n}.py": body for n in range(60)})
    shown = shop.on_terminal("index", env={"COLUMNS": "120"})
    assert shown.code == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.stdout)
    assert re.search(r"Indexing .* \d+/62 +[\d.]+ of 10\.\d MB", text)
    assert re.search(r"MB, [\d.]+ ?\w+ left", text)


def _wait_for(lines: queue.Queue[str], text: str) -> None:
    seen: list[str] = []
    while not (seen and text in seen[-1]):
        seen.append(lines.get(timeout=PATIENCE))


def test_a_folder_that_is_not_there(shop: Cli, tmp_path: Path) -> None:
    missing = shop("index", str(tmp_path / "nowhere"), "--json")
    assert missing.code == ExitCode.USAGE
    assert missing.json["error"]["code"] == "not_found"


def _remembered(savant: Cli, *first: str) -> set[str]:
    """Where the memory bank speaks of invoices, after a command."""
    assert savant(*first).code == 0
    return {hit["path"] for hit in savant("search", "--memory", "invoices", "--json").json["hits"]}
