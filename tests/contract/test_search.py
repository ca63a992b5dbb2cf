"""Repositories and search through the client, on both databases."""
# ruff: noqa: E501

from __future__ import annotations

import asyncio
import random
import re
import string
from pathlib import Path

import pytest

from savant.client import Client, connect
from savant.errors import ErrorCode, SavantError
from savant.schemas.repositories import IndexConfig, IndexReport, RepositoryCreate
from savant.schemas.search import Hit, SearchQuery
from savant.settings import Settings
from tests.runtime.indexing.trees import commit, git, repository, write

FILES = {
    "src/http/client.py": (
        "import socket\n\n\nclass HttpClient:\n    def __init__(self, retries):\n        self.retries = retries\n\n"
        "    def sendRequest(self, url):\n        for attempt in range(self.retries):\n            self.connect(url)\n\n"
        "    def parse_response_header(self, line):\n        name, value = line.split(':')\n        return name\n"
    ),
    "src/http/server.go": "package http\n\n// Serve answers requests.\nfunc Serve(addr string) error {\n\treturn listen(addr)\n}\n",
    "src/billing/invoice.py": "def total(lines):\n    return sum(line.amount for line in lines)\n",
    "tests/test_client.py": "def test_send_request():\n    HttpClient(3).sendRequest('x')\n",
    "docs/guide.md": "# Guide\n\nIntro.\n\n## Retries\n\nThe client retries requests that time out.\n",
    "memory-bank/notes.md": "# Decisions\n\nInvoices are rounded per line.\n",
    "package-lock.json": '{"name": "client request retries"}\n',
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return repository(tmp_path.resolve() / "shop", dict(FILES))


async def indexed(client: Client, tree: Path) -> IndexReport:
    return await client.repositories.index((await client.repositories.locate(str(tree))).slug)


async def hits(client: Client, query: str = "", **options: object) -> list[Hit]:
    return (await client.search(SearchQuery(query=query, **options))).hits  # type: ignore[arg-type]


def places(found: list[Hit]) -> list[tuple[str, str | None]]:
    return [(hit.path, hit.symbol) for hit in found]


async def test_a_repository_is_indexed_and_found_by_words_in_any_form(client: Client, tree: Path) -> None:
    report = await indexed(client, tree)
    assert (report.files, report.added, report.commits) == (7, 7, 1)
    best = (await hits(client, "parsing response headers"))[0]
    assert (best.path, best.symbol, best.kind) == ("src/http/client.py", "HttpClient.parse_response_header", "method")
    assert (best.first_line, best.last_line, best.language) == (12, 14, "python")
    assert best.commit == git(tree, "rev-parse", "HEAD").decode().strip()
    assert not best.changed
    marked = [line.text[start:end] for line in best.snippet for start, end in line.marks]
    assert "parse_response_header" in marked
    assert (await hits(client, "send request"))[0].symbol == "HttpClient.sendRequest"
    assert (await hits(client, "sendRequest"))[0].symbol == "HttpClient.sendRequest"
    assert (await hits(client, "guide retry"))[0].symbol == "Guide / Retries"


async def test_a_test_ranks_below_what_it_tests_unless_tests_are_asked_for(client: Client, tree: Path) -> None:
    await indexed(client, tree)
    found = [hit.path for hit in await hits(client, "HttpClient sendRequest")]
    assert found.index("src/http/client.py") < found.index("tests/test_client.py")
    assert [hit.path for hit in await hits(client, "HttpClient sendRequest", tests=True)] == ["tests/test_client.py"]
    assert "tests/test_client.py" not in [hit.path for hit in await hits(client, "sendRequest", tests=False)]


async def test_filters(client: Client, tree: Path) -> None:
    await indexed(client, tree)
    assert {hit.path for hit in await hits(client, "request", languages=("go",))} == {"src/http/server.go"}
    assert {hit.path for hit in await hits(client, "retries", paths=("docs/**",))} == {"docs/guide.md"}
    assert {hit.symbol for hit in await hits(client, symbol="serve")} == {"Serve"}
    assert {hit.symbol for hit in await hits(client, symbol="sendRequest")} == {"HttpClient.sendRequest"}
    assert {hit.path for hit in await hits(client, "invoices", memory=True)} == {"memory-bank/notes.md"}
    with pytest.raises(SavantError, match="no language") as failure:
        await hits(client, "x", languages=("klingon",))
    assert failure.value.code is ErrorCode.VALIDATION


async def test_phrases_must_follow_and_fragments_are_found_where_no_word_is(client: Client, tree: Path) -> None:
    await indexed(client, tree)
    assert [hit.path for hit in await hits(client, '"time out"')] == ["docs/guide.md"]
    assert await hits(client, '"out time"') == []
    assert (await hits(client, "invoi"))[0].path == "src/billing/invoice.py"
    assert await hits(client, "zzzzqx") == []


async def test_what_a_past_commit_said_leads_to_the_files_it_changed(client: Client, tree: Path) -> None:
    commit(tree, {"src/billing/invoice.py": "def total(lines):\n    return 0\n"}, "Stop charging for bananas")
    await indexed(client, tree)
    best = (await hits(client, "bananas"))[0]
    assert best.path == "src/billing/invoice.py"
    assert best.because == ["Stop charging for bananas"]


async def test_what_changes_together_with_the_best_hit_comes_earlier(client: Client, tree: Path) -> None:
    pages = {name: f"def {name}():\n    pass  # ferry\n" for name in ("alone", "beside")}
    for turn in ("one", "two", "three"):
        both: dict[str, str | bytes] = {
            "src/ferry.py": f"def ferry():\n    ferry()  # {turn}\n",
            "src/beside.py": pages["beside"] + f"# {turn}\n",
        }
        commit(tree, both, f"Change {turn}")
        commit(tree, {"src/alone.py": pages["alone"] + f"# {turn}\n"}, f"Change {turn} again")
    await indexed(client, tree)
    assert [hit.path for hit in await hits(client, "ferry")] == ["src/ferry.py", "src/beside.py", "src/alone.py"]


async def test_only_what_changed_is_read_again(client: Client, tree: Path) -> None:
    await indexed(client, tree)
    again = await indexed(client, tree)
    assert (again.unchanged, again.added, again.changed, again.removed, again.commits) == (7, 0, 0, 0, 0)
    write(
        tree,
        {"src/new.py": "def brandNewThing(): ...\n", "src/billing/invoice.py": "def subtotal(lines):\n    return 1\n"},
    )
    (tree / "src/http/server.go").unlink()
    later = await indexed(client, tree)
    assert (later.unchanged, later.added, later.changed, later.removed) == (5, 1, 1, 1)
    assert (await hits(client, "brand new thing"))[0].path == "src/new.py"
    assert (await hits(client, "subtotal"))[0].path == "src/billing/invoice.py"
    assert await hits(client, "amount") == []
    assert await hits(client, symbol="Serve") == []


async def test_stale_and_missing_indexes_are_said_with_what_to_do(client: Client, tree: Path) -> None:
    with pytest.raises(SavantError, match="No repository is indexed") as failure:
        await hits(client, "x")
    assert "savant index" in (failure.value.hint or "")
    slug = (await client.repositories.locate(str(tree))).slug
    assert (await client.repositories.status(slug)).state == "missing"
    assert "not indexed" in (await client.search(SearchQuery(query="x"))).warnings[0]
    await client.repositories.index(slug)
    assert (await client.repositories.status(slug)).state == "current"
    assert (await client.search(SearchQuery(query="total"))).warnings == []
    write(tree, {"src/billing/invoice.py": "def total(lines): ...\n", "a.py": "x = 1\n"})
    (tree / "docs/guide.md").unlink()
    status = await client.repositories.status(slug)
    assert (status.state, status.added, status.changed, status.removed) == ("stale", 1, 1, 1)
    assert set(status.examples) == {"a.py", "src/billing/invoice.py", "docs/guide.md"}
    assert "savant index" in (status.advice or "")
    found = await client.search(SearchQuery(query="total"))
    assert [hit.changed for hit in found.hits if hit.path == "src/billing/invoice.py"] == [True]
    assert any("have changed since" in warning for warning in found.warnings)
    commit(tree, {}, "More")
    assert any(
        "another commit than HEAD" in each for each in (await client.search(SearchQuery(query="total"))).warnings
    )


async def test_a_regular_expression_finds_every_line_and_no_other(client: Client, tmp_path: Path) -> None:
    letters = random.Random(7)
    words = ["def", "foo", "Bar", "x = 1", "(", ")", "é", "\t", "foo_bar", "  ", "1234", "end\r", "foo(bar)"]
    files = {
        f"f{n}.txt": "\n".join("".join(letters.choices(words, k=letters.randint(0, 5))) for _ in range(60))
        for n in range(12)
    }
    root = repository(tmp_path.resolve() / "r", dict(files))
    await indexed(client, root)
    for pattern in (
        r"foo",
        r"^def",
        r"foo$",
        r"\bBar\b",
        r"\d{4}",
        r"(?i)BAR",
        r"foo(?!_)",
        r"^$",
        r"end\r?$",
        r"[^a-z]+é",
        r"foo\(bar\)",
    ):
        expression = re.compile(pattern)
        wanted = {
            (path, number)
            for path, text in files.items()
            for number, line in enumerate(text.removesuffix("\n").split("\n"), 1)
            if expression.search(line.removesuffix("\r")) or (pattern == r"end\r?$" and expression.search(line))
        }
        result = await client.search(SearchQuery(query=pattern, regex=True, limit=200))
        got = {(hit.path, hit.first_line) for hit in result.hits}
        assert got <= wanted, pattern
        assert got == wanted or (result.truncated and len(result.hits) == 200), pattern


async def test_an_expression_that_is_wrong_or_takes_for_ever(
    client: Client, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("savant.runtime.indexing.grep.SECONDS", 0.3)
    write(tree, {"long.txt": "a" * 60 + "b\n"})
    await indexed(client, tree)
    with pytest.raises(SavantError, match="cannot be read") as wrong:
        await hits(client, "(", regex=True)
    assert wrong.value.code is ErrorCode.VALIDATION
    with pytest.raises(SavantError) as slow:
        await hits(client, r"(a|a)*(a|a)*(a|aa)*c|(a+)+$(?=x)", regex=True)
    assert slow.value.code is ErrorCode.TIMEOUT


async def test_two_index_runs_at_once_are_safe(settings: Settings, tree: Path) -> None:
    write(tree, {f"m{n}.py": f"def f{n}(): ...\n" for n in range(300)})
    async with connect(settings) as one, connect(settings) as two:
        slug = (await one.repositories.locate(str(tree))).slug
        runs = [each.repositories.index(slug) for each in (one, two)]
        done = await asyncio.gather(*runs, return_exceptions=True)
        assert any(isinstance(each, IndexReport) for each in done)
        others = [each for each in done if not isinstance(each, IndexReport)]
        assert all(isinstance(each, SavantError) and each.code is ErrorCode.CONFLICT for each in others)
        assert (await one.repositories.status(slug)).state == "current"
        assert len(await hits(two, symbol="f299")) == 1


async def test_a_repository_lives_from_add_to_remove(client: Client, tree: Path) -> None:
    made = await client.repositories.create(RepositoryCreate(path=str(tree / "src"), name="My Shop"))
    assert (made.slug, made.local_path, made.source, made.index_status) == ("my-shop", str(tree), "local", "pending")
    with pytest.raises(SavantError, match="already the repository `my-shop`"):
        await client.repositories.create(RepositoryCreate(path=str(tree)))
    with pytest.raises(SavantError, match="either a path or a URL"):
        await client.repositories.create(RepositoryCreate())
    assert [each.slug for each in (await client.repositories.list()).items] == ["my-shop"]
    await client.repositories.index("my-shop")
    assert (await client.repositories.get("my-shop")).index_report["files"] == 7
    with pytest.raises(SavantError, match="Did you mean `my-shop`"):
        await client.repositories.get("myshop")
    await client.repositories.delete("my-shop")
    assert (await client.repositories.list()).items == []
    assert (await indexed(client, tree)).added == 7


async def test_a_repository_by_url_is_cloned_and_fetched_again(client: Client, tree: Path) -> None:
    git(tree, "branch", "other")
    url = f"file://{tree}"
    made = await client.repositories.locate(url)
    assert (await client.repositories.status(made.slug)).state == "missing"
    assert (await client.repositories.index(made.slug)).files == 7
    commit(tree, {"later.py": "def cameLater(): ...\n"}, "Later")
    assert (await client.repositories.index(made.slug)).added == 1
    assert (await hits(client, "came later"))[0].path == "later.py"
    branch = await client.repositories.create(RepositoryCreate(url=url, name="other", branch="other"))
    assert (await client.repositories.index(branch.slug)).files == 7
    gone = await client.repositories.create(RepositoryCreate(url=f"file://{tree}-gone"))
    with pytest.raises(SavantError) as failure:
        await client.repositories.index(gone.slug)
    assert failure.value.code is ErrorCode.UNREACHABLE
    for bad in ("ext::sh -c true", "https://user:secret@example.org/a.git", "-oProxy"):
        with pytest.raises(SavantError, match=r"not the URL|has a password"):
            await client.repositories.create(RepositoryCreate(url=bad))


async def test_search_keeps_to_the_repositories_it_is_told(client: Client, tree: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other", {"x.py": "def sendRequest(): ...\n"})
    await indexed(client, tree)
    await indexed(client, other)
    assert {hit.repository for hit in await hits(client, "send request")} == {"shop", "other"}
    assert {hit.repository for hit in await hits(client, "send request", repositories=("other",))} == {"other"}
    await client.repositories.delete("other")
    assert {hit.repository for hit in await hits(client, "send request")} == {"shop"}


async def test_odd_files_are_indexed_or_left_out_with_a_reason(client: Client, tmp_path: Path) -> None:
    root = repository(tmp_path.resolve() / "odd", {
        "latin.c": "/* gr\xfcn */ int gruen;\n".encode("latin-1"), "wide.txt": "wide words".encode("utf-16"),
        "bin.dat": b"\x00\x01\x02", "empty.py": "", "crlf.py": "def crlf():\r\n    pass\r\n", "long.js": "x" * 200_000,
        "big.txt": "y" * 3000, "broken.py": "def (((:\n  class\n",
    })  # fmt: skip
    made = await client.repositories.create(
        RepositoryCreate(path=str(root), config=IndexConfig(max_file_bytes=250_000))
    )
    report = await client.repositories.index(made.slug)
    assert report.left_out == {"binary": 1}
    assert report.examples == {"binary": ["bin.dat"]}
    for query, path in (("grün", "latin.c"), ("wide", "wide.txt"), ("crlf", "crlf.py"), ("long", "long.js")):
        assert (await hits(client, query))[0].path == path


@pytest.mark.parametrize("seed", range(3))
async def test_hostile_trees_are_indexed_without_harm(client: Client, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    root = tmp_path.resolve() / "hostile"
    pieces = ["(" * 500, "{" * 300, "<?php ", "/*", "'''", '"', "`", "#" * 40, "\n", "\x00", "\ufeff", "\u202e", "def f(", "class ", "*/",
              "😀" * 20, "\r", "\x1b[31m", "A" * 5000, "a_b" * 300, "'; DROP TABLE chunks; --", '" OR 1=1 NEAR(', "\ud7ff"]  # fmt: skip
    names = [
        "a b",
        "-rf",
        "--",
        "q'uote",
        'dq"',
        "new\nline",
        "tab\t",
        "$(x)",
        "é",
        "\u202e",
        "*",
        "x" * 200,
        "%s",
        "?",
        ";",
    ]
    for number in range(40):
        folder = "/".join(dice.sample(names, dice.randint(0, 3)))
        suffix = dice.choice(
            [".py", ".js", ".ts", ".go", ".rs", ".java", ".rb", ".c", ".cpp", ".cs", ".php", ".sh", ".md", ".rst", ""]
        )
        body = "".join(dice.choices([*pieces, *string.printable], k=dice.randint(0, 80)))
        write(
            root, {f"{folder}/{dice.choice(names)}{number}{suffix}".lstrip("/"): body.encode("utf-8", "surrogatepass")}
        )
    git(root, "init", "-q", "-b", "main")
    report = await indexed(client, root)
    assert report.files + sum(report.left_out.values()) == 40
    assert (await indexed(client, root)).unchanged == report.files
    for query in ('" OR 1=1 NEAR(', "'; DROP TABLE chunks; --", "*", "a_b", "-x", "^", "(", "\x00", "col:val", "😀"):
        assert all(hit.snippet for hit in await hits(client, query))
