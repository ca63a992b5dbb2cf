"""`savant index`, `search` and `repositories` in a real process."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
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


def test_json_says_where_a_hit_is_and_what_in_it_matched(shop: Cli) -> None:
    body = "# é\n\n\ndef payInvoice(amount):\n    total = 'é', amount\n    return total\n"
    commit(shop.folder, {"src/pay.py": body, "long.txt": "x" * 500 + " needle " + "y" * 500}, "Pay")
    assert shop("index").code == 0
    [hit] = shop("search", "pay invoice", "amount", "--context", "1", "--lang", "python", "--json").json["hits"]
    assert hit.pop("score") > 0
    assert hit == {
        "repository": "project", "path": "src/pay.py", "first_line": 4, "last_line": 6, "symbol": "payInvoice",
        "kind": "function", "language": "python", "commit": git(shop.folder, "rev-parse", "HEAD").decode().strip(),
        "changed": False, "missing": False, "because": ["Pay"],
        "others": [{"first_line": 1, "last_line": 1, "symbol": None}],
        "snippet": [
            {"number": 4, "text": "def payInvoice(amount):", "marks": [[4, 14], [15, 21]]},
            {"number": 5, "text": "    total = 'é', amount", "marks": [[17, 23]]},
        ],
    }  # fmt: skip
    [exact] = shop("search", "--regex", "'é'|amount$", "--context", "0", "--json").json["hits"]
    assert (exact["first_line"], exact["last_line"], exact["symbol"]) == (5, 5, "payInvoice")
    assert exact["snippet"] == [{"number": 5, "text": "    total = 'é', amount", "marks": [[12, 15], [17, 23]]}]
    [long] = shop("search", "needle", "--json").json["hits"][0]["snippet"]
    assert [long["text"][start:end] for start, end in long["marks"]] == ["needle"]
    assert len(long["text"]) < 300


def test_an_index_that_is_missing_is_said_with_what_to_do(shop: Cli, tmp_path: Path) -> None:
    nothing = shop("search", "cart")
    assert (nothing.code, nothing.stdout) == (ExitCode.USAGE, "")
    assert nothing.stderr == "error: No repository is indexed. Index the one you are in: savant index\n"
    assert shop("search", "cart", "--json").json["error"]["code"] == "not_found"
    assert shop("repositories", "add", ".", "--name", "Shop").code == 0
    begun = shop("search", "cart", "--json")
    assert (begun.code, begun.json["hits"]) == (0, [])
    assert begun.json["warnings"] == [f"`shop` is not indexed to the end: savant index {shop.folder}"]
    assert shop("index").code == 0
    assert shop("search", "cart").stderr == ""
    other = Cli(repository(tmp_path / "other", {"src/a.py": "x = 1\n"}) / "src", shop.env)
    elsewhere = other("search", "cart")
    assert (elsewhere.code, elsewhere.stdout.startswith("cart.py:1")) == (0, True)
    assert elsewhere.stderr == f"warning: {other.folder.parent} is not indexed, so it was not searched: savant index\n"
    assert other("search", "cart", "--repo", "shop", "--json").json["warnings"] == []
    unknown = other("search", "cart", "--repo", "shopp")
    assert (unknown.code, unknown.stderr) == (
        ExitCode.USAGE, "error: There is no repository `shopp`. Did you mean `shop`?\n",
    )  # fmt: skip


def test_an_index_that_is_stale_is_said_with_what_to_do(shop: Cli) -> None:
    assert shop("index").code == 0
    write(shop.folder, {"cart.py": "\n\nclass Cart: ...\n"})
    changed = shop("search", "cart")
    assert (changed.code, "cart.py:1  Cart (changed since)" in changed.stdout) == (0, True)
    moved = "1 of these files have changed since they were indexed; lines may have moved"
    assert changed.stderr == f"warning: {moved}: savant index {shop.folder}\n"
    commit(shop.folder, {}, "Another")
    (shop.folder / "cart.py").unlink()
    gone = shop("search", "cart", "--json")
    assert (gone.code, gone.json["hits"][0]["missing"]) == (0, True)
    assert gone.json["warnings"][0] == f"`project` was indexed at another commit than HEAD: savant index {shop.folder}"
    status = shop("repositories", "status", "project")
    assert (status.code, status.stderr) == (0, f"project: Its files have changed: savant index {shop.folder}\n")
    assert shop("index").code == 0
    assert shop("search", "cart").stderr == "Nothing was found.\n"


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


@contextmanager
def watching(shop: Cli, folder: Path) -> Generator[queue.Queue[str]]:
    """The lines, of both streams, of a process that watches a folder."""
    process = subprocess.Popen(
        [*SAVANT, "index", "--watch", "--output", "jsonl"],
        cwd=folder, env=shop.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True).start()
    try:
        _wait_for(lines, "Watching")
        yield lines
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == ExitCode.INTERRUPTED


def test_a_watched_tree_is_followed_with_its_branches(shop: Cli) -> None:
    with watching(shop, shop.folder) as lines:
        write(shop.folder, {"later.py": "def cameLater(): ...\n"})
        _wait_for(lines, '"added":1')
        assert shop("search", "came later", "--json").json["hits"][0]["path"] == "later.py"
        git(shop.folder, "checkout", "-q", "-b", "side")
        commit(shop.folder, {"side.py": "def onTheSide(): ...\n"}, "Side")
        _wait_for(lines, '"commits":1')
        git(shop.folder, "checkout", "-q", "main")
        _wait_for(lines, '"removed":')
        assert shop("search", "--symbol", "onTheSide", "--json").json["hits"] == []


def test_a_commit_in_a_linked_working_tree_is_seen_where_nothing_is_saved(shop: Cli, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(shop.folder, "worktree", "add", "-q", "-b", "side", str(linked))
    write(linked, {"side.py": "def onTheSide(): ...\n"})
    git(linked, "add", ".")
    with watching(shop, linked) as lines:
        git(linked, "commit", "-q", "-m", "Side")
        _wait_for(lines, '"commits":1')


def test_a_watch_sees_a_save_within_a_second(shop: Cli) -> None:
    took: list[float] = []
    with watching(shop, shop.folder) as lines:
        for number in range(5):  # the best of five, since other work on this machine is no fault of the watch
            began = time.monotonic()
            write(shop.folder, {f"saved{number}.py": "def saved(): ...\n"})
            _wait_for(lines, '"added":1')
            took.append(time.monotonic() - began)
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
