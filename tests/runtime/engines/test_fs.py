"""The fs engine: files beneath the root, and no others."""

import asyncio
import fcntl
import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.beneath import Beneath
from savant.runtime.engines.globs import compiled
from tests.runtime.engines.repositories import toolbox


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    return folder


async def call(root, tool, **arguments):
    return await toolbox(root).call(f"fs.{tool}", arguments)


async def refused(root, tool, **arguments):
    with pytest.raises(SavantError) as caught:
        await call(root, tool, **arguments)
    return caught.value


async def test_lines_of_a_file(root):
    (root / "a").write_bytes("one\r\ntwo\nthree ä".encode())
    whole = await call(root, "read", path="./a")
    assert (whole["text"], whole["lines"], whole["path"]) == ("one\r\ntwo\nthree ä", 3, "a")
    part = await call(root, "read", path="a", first_line=2, last_line=2)
    assert (part["text"], part["first_line"], part["last_line"], part["truncated"]) == ("two\n", 2, 2, False)
    cut = await call(root, "read", path="a", max_bytes=6)
    assert (cut["text"], cut["last_line"], cut["truncated"]) == ("one\r\n", 1, True)
    assert "has 3 lines" in (await refused(root, "read", path="a", first_line=4)).message
    assert (await refused(root, "read", path="a", first_line=3, last_line=2)).code == ErrorCode.TOOL_BAD_ARGUMENTS


async def test_bytes_that_are_no_utf8_are_replaced_and_said_so(root):
    (root / "a").write_bytes(b"caf\xe9\n")
    (root / "b").write_text("caf\ufffd\n")
    assert (await call(root, "read", path="a"))["replaced"] is True
    assert (await call(root, "read", path="b"))["replaced"] is False


async def test_what_is_no_text_file_is_refused_and_never_waited_for(root):
    os.mkfifo(root / "fifo")
    (root / "null").symlink_to("/dev/null")
    (root / "loop").symlink_to("loop")
    (root / "bin").write_bytes(b"\x7fELF\0")
    (root / "dir").mkdir()
    for path, reason in {
        "fifo": "fifo",
        "null": "out of the root",
        "loop": "symlink",
        "bin": "binary",
        "dir": "a folder",
        "absent": "does not exist",
        "bin/x": "no folder",
        "x" * 300: "too long",
    }.items():
        async with asyncio.timeout(10):
            error = await refused(root, "read", path=path)
        assert (error.code, reason in error.message) == (ErrorCode.TOOL_FAILED, True), error.message
    assert "fifo" in (await refused(root, "write", path="fifo", text="x")).message


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../secret", "~/x", "a\0b", "\ud800", ".."])
@pytest.mark.parametrize(
    ("tool", "more"), [("read", {}), ("write", {"text": "x"}), ("edit", {"old": "s", "new": "x"}), ("list", {})]
)
async def test_paths_that_lead_out_are_refused(root, tool, more, path):
    assert (await refused(root, tool, path=path, **more)).code == ErrorCode.TOOL_BAD_ARGUMENTS
    assert (root.parent / "secret").read_text() == "secret"


async def test_links_are_followed_within_the_root_and_not_out_of_it(root):
    (root / "dir").mkdir()
    (root / "dir" / "a").write_text("inside")
    (root / "in").symlink_to("dir")
    (root / "out").symlink_to("../outside")
    (root / "secret").symlink_to("../secret")
    assert (await call(root, "read", path="in/a"))["text"] == "inside"
    await call(root, "write", path="in/a", text="new")
    assert (root / "dir" / "a").read_text() == "new"
    for tool, arguments in (
        ("read", {"path": "secret"}),
        ("write", {"path": "secret", "text": "x"}),
        ("write", {"path": "out/new/deep", "text": "x"}),
        ("list", {"path": "out"}),
        ("find", {"path": "out", "glob": "*"}),
    ):
        assert "out of the root" in (await refused(root, tool, **arguments)).message
    assert list((root.parent / "outside").iterdir()) == []
    assert (root.parent / "secret").read_text() == "secret"


def test_a_link_swapped_in_after_the_check_is_not_followed(root, monkeypatch):
    (root / "dir").mkdir()
    files = Beneath(root)
    resolve = files.resolve

    def resolve_then_swap(path):
        parts = resolve(path)
        if not (root / "dir").is_symlink():
            (root / "dir").rmdir()
            (root / "dir").symlink_to("../outside")
        return parts

    monkeypatch.setattr(files, "resolve", resolve_then_swap)
    with pytest.raises(SavantError):
        files.write("dir/a", b"x")
    assert list((root.parent / "outside").iterdir()) == []


SEGMENTS = st.sampled_from(["..", ".", "", "dir", "out", "in", "secret", "up", "a", ".git", "~"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.lists(SEGMENTS, min_size=1, max_size=7).map("/".join))
async def test_no_path_reads_or_writes_beyond_the_root(root, path):
    for name, target in (("out", "../outside"), ("in", "dir"), ("up", ".."), ("secret", "../secret")):
        if not (root / name).is_symlink():
            (root / name).symlink_to(target)
    (root / "dir").mkdir(exist_ok=True)
    for tool, arguments in (("read", {}), ("write", {"text": "x"})):
        try:
            answer = await call(root, tool, path=path, **arguments)
        except SavantError as error:
            assert error.code in (ErrorCode.TOOL_FAILED, ErrorCode.TOOL_BAD_ARGUMENTS)
            assert "unexpectedly" not in error.message
        else:
            assert answer.get("text", "x") == "x"
    assert sorted(file.name for file in root.parent.iterdir()) == ["outside", "root", "secret"]
    assert list((root.parent / "outside").iterdir()) == []
    assert (root.parent / "secret").read_text() == "secret"
    assert not (root / ".git").exists()


async def test_gits_own_files_are_left_to_git(root):
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("token")
    (root / "sneaky").symlink_to(".git")
    for path in (".git/config", "sneaky/config", "sub/.git/hooks/x", ".GIT/config", "x/../.git/config"):
        assert "git's own" in (await refused(root, "write", path=path, text="x")).message
        assert "git's own" in (await refused(root, "read", path=path)).message
    assert [entry["path"] for entry in (await call(root, "list", depth=9))["entries"]] == ["sneaky"]


async def test_a_write_is_whole_keeps_the_mode_and_leaves_nothing_beside(root):
    script = root / "run.sh"
    script.write_text("old")
    script.chmod(0o755)
    before = script.stat().st_ino
    answer = await call(root, "write", path="run.sh", text="new")
    assert (answer["created"], answer["changed"], answer["bytes"]) == (False, True, 3)
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert script.stat().st_ino != before
    again = await call(root, "write", path="run.sh", text="new")
    assert (again["created"], again["changed"]) == (False, False)
    assert (await call(root, "write", path="a/b/c", text=""))["created"] is True
    assert sorted(file.name for file in root.iterdir()) == ["a", "run.sh"]


async def test_what_a_killed_writer_left_is_swept_away_and_what_one_holds_is_not(root):
    (root / ".savant-00ff.tmp").write_text("half")
    with (root / ".savant-11ee.tmp").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        await call(root, "write", path="a", text="whole")
        assert sorted(path.name for path in root.iterdir()) == [".savant-11ee.tmp", "a"]
    await call(root, "write", path="a", text="again")
    assert [path.name for path in root.iterdir()] == ["a"]


async def test_an_edit_must_name_one_place(root):
    (root / "a").write_text("x = 1\ny = 2\nx = 1\n")
    error = await refused(root, "edit", path="a", old="x = 1", new="x = 3")
    assert "2 times (lines 1, 3)" in error.message
    assert (
        "white space" in (await refused(root, "edit", path="a", old="y  =2\n  y = 2".partition("\n")[2], new="")).hint
    )
    assert "does not contain" in (await refused(root, "edit", path="a", old="z", new="")).message
    assert (await refused(root, "edit", path="a", old="x", new="x")).code == ErrorCode.TOOL_BAD_ARGUMENTS
    answer = await call(root, "edit", path="a", old="y = 2", new="y = 3\nz = 4")
    assert (answer["first_line"], answer["last_line"], answer["replacements"]) == (2, 3, 1)
    assert (await call(root, "edit", path="a", old="x = 1", new="x", all=True))["replacements"] == 2
    assert (root / "a").read_text() == "x\ny = 3\nz = 4\nx\n"


async def test_an_edit_keeps_line_ends_and_foreign_bytes(root):
    (root / "a").write_bytes(b"one\r\ntwo\r\ncaf\xe9\r\n")
    await call(root, "edit", path="a", old="one\ntwo", new="1\n2")
    assert (root / "a").read_bytes() == b"1\r\n2\r\ncaf\xe9\r\n"


async def test_edits_at_once_lose_nothing(root):
    (root / "a").write_text("".join(f"<{number}>\n" for number in range(20)))
    box = toolbox(root)
    edits = ({"path": "a", "old": f"<{number}>", "new": f"[{number}]"} for number in range(20))
    await asyncio.gather(*(box.call("fs.edit", edit) for edit in edits))
    assert (root / "a").read_text() == "".join(f"[{number}]\n" for number in range(20))


async def test_listing_and_finding_stop_at_their_limit_and_say_so(root):
    for path in ("b/x.py", "b/c/y.py", "a.py", "z.md", ".hidden/q.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("12")
    listed = await call(root, "list")
    assert [(entry["path"], entry["type"], entry["size"]) for entry in listed["entries"]] == [
        (".hidden", "folder", None),
        ("a.py", "file", 2),
        ("b", "folder", None),
        ("z.md", "file", 2),
    ]
    found = await call(root, "find", glob="*.py")
    assert {entry["path"] for entry in found["entries"]} == {"a.py", "b/x.py", "b/c/y.py", ".hidden/q.py"}
    assert found["truncated"] is False
    assert (await call(root, "find", glob="*.py", limit=4))["truncated"] is False
    assert (await call(root, "find", glob="*.py", limit=3))["truncated"] is True
    assert [entry["path"] for entry in (await call(root, "find", glob="c/*", path="b"))["entries"]] == ["b/c/y.py"]
    assert len((await call(root, "list", depth=2))["entries"]) == 7


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("*.py", ["a.py", "d/a.py"], ["a.pyc", "a.py/b"]),
        ("src/*.py", ["src/a.py"], ["src/d/a.py", "a.py"]),
        ("src/**/*.py", ["src/a.py", "src/d/e/a.py"], ["lib/a.py"]),
        ("src/**", ["src/a", "src/d/a"], ["srcs/a"]),
        ("*.{js,ts}", ["a.js", "d/a.ts"], ["a.css"]),
        ("[!a]?.md", ["bx.md"], ["ax.md", "b.md"]),
        ("a+(b).txt", ["a+(b).txt"], ["aab.txt"]),
    ],
)
def test_globs(glob, matching, other):
    pattern = compiled(glob)
    assert [path for path in matching + other if pattern.match(path)] == matching
