"""What is ignored without git's help is exactly what git ignores."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.runtime.indexing.walk import walk
from tests.runtime.indexing.trees import git, write

TREE = [
    "a", "b.txt", "ab/a", "ab/b.txt", "ab/c/a.txt", "ab/c/[x]", "c d", "c d ", "d/!e", "d/#f", "d/e/f/g", "d/e/é",
    "f/a/b/c/d.py", "f/b/a.py", "f/x-1", "f/X_2", "f/\\z", "foobar", "foo/x/bar", "g*", "h/.hidden", "h/k.log",
]  # fmt: skip
PIECE = st.sampled_from([
    "a", "b", "c", "d", "e", "f", "ab", "foo", "bar", ".txt", ".py", "*", "**", "?", "/", "/", "!", "#", " ", "\\",
    "[a-c]",    "[!a]", "[^b/]", "[[:alpha:]]", "[[:digit:]_]", "[]x]", "[", "]", "x", "-", "é", "\r", "**/",
    "/**", "\\ ", "[a-", "[\\]]",
])  # fmt: skip
LINE = st.lists(PIECE, min_size=1, max_size=6).map("".join)
LISTS = st.lists(LINE, max_size=5).map("\n".join)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write(tmp_path_factory.mktemp("ignored"), dict.fromkeys(TREE, "x\n"))
    git(root, "init", "-q")
    return root


def both(root: Path, lists: dict[str, str]) -> tuple[list[str], list[str]]:
    """The files that git lists, and those that the walk finds, under the same lists."""
    write(root, {path: content for path, content in lists.items() if content})
    try:
        said = git(root, "ls-files", "-z", "--others", "--exclude-standard").decode().split("\0")[:-1]
        found = walk(root, lambda path, reason: None)
    finally:
        for path in lists:
            (root / path).unlink(missing_ok=True)
    return sorted(said), sorted(found)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=LISTS, inner=LISTS, exclude=LISTS)
def test_the_walk_ignores_what_git_ignores(tree: Path, top: str, inner: str, exclude: str) -> None:
    lists = {".gitignore": top, "f/.gitignore": inner, "ab/c/.gitignore": exclude, ".git/info/exclude": exclude}
    said, found = both(tree, lists)
    assert found == said


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ("*.txt\n!b.txt", {"b.txt", "ab/b.txt"}),
        ("ab/\n!ab/a", set[str]()),
        ("/ab/*\n!/ab/c", {"ab/c/a.txt"}),
        ("foo**/bar", {"ab/a"}),
        ("c d\\ \n", {"c d"}),
    ],
)
def test_negations_and_escapes(tree: Path, patterns: str, kept: set[str]) -> None:
    said, found = both(tree, {".gitignore": patterns})
    assert found == said
    assert kept <= set(found)


def test_a_linked_list_is_not_read(tree: Path) -> None:
    write(tree, {"d/list": "*\n"})
    (tree / ".gitignore").symlink_to("d/list")
    try:
        assert "a" in walk(tree, lambda path, reason: None)
    finally:
        (tree / ".gitignore").unlink()
        (tree / "d/list").unlink()
