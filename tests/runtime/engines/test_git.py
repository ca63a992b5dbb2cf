"""The git engine on real repositories, odd and hostile ones included."""

import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.git.files import state
from tests.runtime.engines.repositories import Repo, toolbox


@pytest.fixture
def repo(tmp_path):
    return Repo(tmp_path / "repo")


async def call(repo, tool, **arguments):
    return await repo.toolbox().call(f"git.{tool}", arguments)


async def refused(repo, tool, **arguments):
    with pytest.raises(SavantError) as caught:
        await call(repo, tool, **arguments)
    return caught.value


async def test_log_tells_who_did_what_and_when(repo):
    repo.commit("First", {"a": "1\n"})
    second = repo.commit("Second\n\nWith a body.", {"b": "1\n2\n"}, author="Bob")
    answer = await call(repo, "log", limit=1, files=True)
    assert answer["truncated"] is True
    commit = answer["commits"][0]
    assert commit["commit"] == second
    assert (commit["author"], commit["email"], commit["subject"]) == ("Bob", "bob@example.com", "Second")
    assert commit["body"] == "With a body."
    assert commit["date"].startswith("2026-01-03T12:00:00")
    assert [(file["path"], file["status"], file["additions"]) for file in commit["files"]] == [("b", "added", 2)]


async def test_log_by_author_path_range_and_date(repo):
    first = repo.commit("First", {"a": "1"})
    repo.commit("Second", {"b": "1"}, author="Bob")
    repo.commit("Third", {"a": "2"})

    async def subjects(**arguments):
        return [commit["subject"] for commit in (await call(repo, "log", **arguments))["commits"]]

    assert await subjects(author="BOB@") == ["Second"]
    assert await subjects(author=".*") == []
    assert await subjects(paths=["a"]) == ["Third", "First"]
    assert await subjects(range=f"{first}..HEAD") == ["Third", "Second"]
    assert await subjects(range="HEAD~2") == ["First"]
    assert await subjects(since="2026-01-04") == ["Third"]
    assert await subjects(until="2026-01-03T00:00:00Z") == ["First"]
    assert (await refused(repo, "log", since="soonish")).code == ErrorCode.TOOL_BAD_ARGUMENTS


async def test_diff_between_revisions_with_renames_and_binaries(repo):
    body = "".join(f"line {number}\n" for number in range(20))
    base = repo.commit("First", {"old name.txt": body, "gone": "x\n", "bin": b"\0\1"})
    repo.git("mv", "old name.txt", "new name.txt")
    repo.git("rm", "-q", "gone")
    head = repo.commit("Second", {"bin": b"\0\2", "new name.txt": body + "more\n"})
    answer = await call(repo, "diff", base=base, head="HEAD")
    assert (answer["base"], answer["head"], answer["truncated"]) == (base, head, False)
    found = {file["path"]: file for file in answer["files"]}
    assert (found["new name.txt"]["status"], found["new name.txt"]["old_path"]) == ("renamed", "old name.txt")
    assert (found["new name.txt"]["additions"], found["new name.txt"]["deletions"]) == (1, 0)
    assert found["gone"]["status"] == "deleted"
    assert found["bin"]["binary"] is True
    assert "+more" in answer["text"]
    assert (answer["additions"], answer["deletions"]) == (1, 1)
    assert (await call(repo, "diff", base=f"{base}..HEAD")) == answer


async def test_diff_of_index_and_working_tree(repo):
    repo.commit("First", {"a": "1\n", "b": "1\n"})
    repo.write("a", "2\n")
    repo.git("add", "a")
    repo.write("b", "2\n")
    both = await call(repo, "diff")
    staged = await call(repo, "diff", staged=True)
    assert [file["path"] for file in both["files"]] == ["a", "b"]
    assert [file["path"] for file in staged["files"]] == ["a"]
    assert [file["path"] for file in (await call(repo, "diff", paths=["b"]))["files"]] == ["b"]
    assert both["head"] is None


async def test_a_long_diff_is_cut_at_a_line_end_and_says_so(repo):
    base = repo.commit("First", {"a": ""})
    repo.commit("Second", {"a": "äöü\n" * 1000})
    answer = await call(repo, "diff", base=base, head="HEAD", max_bytes=500)
    assert answer["truncated"] is True
    assert len(answer["text"].encode()) <= 500
    assert answer["text"].endswith("äöü\n")
    assert answer["files"][0]["additions"] == 1000


async def test_since_fork_leaves_out_what_happened_on_the_base(repo):
    repo.commit("First", {"a": "1\n"})
    repo.git("switch", "-q", "-c", "topic")
    repo.commit("Topic", {"t": "1\n"})
    repo.git("switch", "-q", "main")
    repo.commit("Main", {"m": "1\n"})
    for arguments in ({"base": "main...topic"}, {"base": "main", "head": "topic", "since_fork": True}):
        answer = await call(repo, "diff", **arguments)
        assert [file["path"] for file in answer["files"]] == ["t"]
    repo.git("merge", "-q", "-m", "Merge", "topic")
    shown = await call(repo, "show")
    assert len(shown["commit"]["parents"]) == 2
    assert [file["path"] for file in shown["diff"]["files"]] == ["t"]


async def test_blame_names_the_last_to_change_each_line(repo):
    repo.commit("First", {"a": "one\ntwo\nthree\n"})
    second = repo.commit("Second", {"a": "one\n2\nthree\n"}, author="Bob")
    answer = await call(repo, "blame", path="a")
    assert [(run["first_line"], run["last_line"], run["author"]) for run in answer["lines"]] == [
        (1, 1, "Ada"),
        (2, 2, "Bob"),
        (3, 3, "Ada"),
    ]
    assert answer["last_changed"]["commit"] == second
    assert not any(run["boundary"] for run in answer["lines"])
    assert [run["text"] for run in (await call(repo, "blame", path="a", first_line=3))["lines"]] == ["three"]
    assert "only 3 lines" in (await refused(repo, "blame", path="a", first_line=9)).message
    assert "not a file" in (await refused(repo, "blame", path="b")).message


async def test_file_at_a_revision(repo):
    repo.commit("First", {"dir/ä b": "old\n", "bin": b"\0"})
    (repo.folder / "link").symlink_to("dir")
    repo.commit("Second", {"dir/ä b": "new\n"})
    assert (await call(repo, "file_at", path="dir/ä b", rev="HEAD~1"))["text"] == "old\n"
    assert (await call(repo, "file_at", path="./dir//ä b"))["text"] == "new\n"
    link = await call(repo, "file_at", path="link")
    assert (link["text"], link["symlink"]) == ("dir", True)
    assert "binary" in (await refused(repo, "file_at", path="bin")).message
    assert "a folder" in (await refused(repo, "file_at", path="dir")).message
    assert "does not exist" in (await refused(repo, "file_at", path="dir/*")).message
    cut = await call(repo, "file_at", path="dir/ä b", max_bytes=2)
    assert (cut["text"], cut["truncated"], cut["size"]) == ("ne", True, 4)


async def test_status_of_every_kind_of_change(repo):
    repo.commit("First", {"a": "1\n", "moved": "long enough to be found\n" * 5, "b": "1\n"})
    assert (await call(repo, "status"))["clean"] is True
    repo.git("mv", "moved", "to here")
    repo.write("a", "2\n")
    repo.write("dir/new\nline", "x")
    answer = await call(repo, "status")
    found = {file["path"]: (file["index"], file["worktree"], file["old_path"]) for file in answer["files"]}
    assert found == {
        "a": (".", "M", None),
        "to here": ("R", ".", "moved"),
        "dir/new\nline": ("?", "?", None),
    }
    assert (answer["branch"], answer["clean"], answer["truncated"]) == ("main", False, False)
    assert (await call(repo, "status", limit=1))["truncated"] is True


async def test_a_repository_without_commits(repo):
    repo.write("a", "1\n")
    repo.git("add", "a")
    assert (await call(repo, "log"))["commits"] == []
    assert (await call(repo, "status"))["commit"] is None
    assert [file["status"] for file in (await call(repo, "diff", staged=True))["files"]] == ["added"]
    for tool in ("show", "recent"):
        assert "no commits yet" in (await refused(repo, tool)).message
    assert (await state(repo.folder)).commit is None


async def test_the_first_commit_and_a_detached_head(repo):
    first = repo.commit("First", {"a": "1\n"})
    repo.git("checkout", "-q", "--detach")
    assert (await call(repo, "status"))["branch"] is None
    shown = await call(repo, "show", rev=first)
    assert [file["status"] for file in shown["diff"]["files"]] == ["added"]
    assert shown["boundary"] is False
    recent = await call(repo, "recent", commits=5)
    assert (recent["commits"], recent["complete"], recent["head"]) == (1, False, first)
    assert [file["path"] for file in (await call(repo, "diff", base=recent["base"], head="HEAD"))["files"]] == ["a"]
    assert len((await call(repo, "log", range=f"{recent['base']}..HEAD"))["commits"]) == 1


async def test_a_shallow_clone_does_not_claim_what_it_cannot_know(repo, tmp_path):
    for number in range(4):
        repo.commit(f"Commit {number}", {"a": f"{number}\n", f"f{number}": "x\n"})
    repo.git("clone", "-q", "--depth=2", f"file://{repo.folder}", str(tmp_path / "clone"))
    clone = toolbox(tmp_path / "clone")
    recent = await clone.call("git.recent", {"commits": 9})
    assert (recent["commits"], recent["complete"]) == (1, False)
    found = await clone.call("git.diff", {"base": recent["base"], "head": recent["head"]})
    assert [file["path"] for file in found["files"]] == ["a", "f3"]
    shown = await clone.call("git.show", {"rev": "HEAD~1"})
    assert (shown["boundary"], shown["diff"]["files"]) == (True, [])
    blamed = await clone.call("git.blame", {"path": "f0"})
    assert blamed["lines"][0]["boundary"] is True
    with pytest.raises(SavantError) as caught:
        await clone.call("git.show", {"rev": "HEAD~3"})
    assert "unshallow" in caught.value.hint


async def test_submodules_and_linked_working_trees(repo, tmp_path):
    inner = Repo(tmp_path / "inner")
    inner.commit("Inner", {"x": "1\n"})
    base = repo.commit("First", {"a": "1\n"})
    repo.git("submodule", "--quiet", "add", f"file://{inner.folder}", "sub")
    repo.commit("Second")
    files = (await call(repo, "diff", base=base, head="HEAD"))["files"]
    assert [(file["path"], file["submodule"]) for file in files] == [(".gitmodules", False), ("sub", True)]
    assert "a submodule" in (await refused(repo, "file_at", path="sub")).message
    assert (await call(repo, "changed_functions", base=base, head="HEAD"))["functions"] == []
    sub = await toolbox(repo.folder / "sub").call("git.log", {})
    assert [commit["subject"] for commit in sub["commits"]] == ["Inner"]
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"), base)
    linked = await toolbox(tmp_path / "linked").call("git.status", {})
    assert (linked["commit"], linked["branch"]) == (base, None)


async def test_the_repository_is_the_one_stood_in_whatever_the_environment_says(repo, tmp_path, monkeypatch):
    repo.commit("Here", {"dir/a": "1\n"})
    other = Repo(tmp_path / "other")
    other.commit("There", {"b": "1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    answer = await toolbox(repo.folder / "dir").call("git.log", {"paths": ["dir/a"]})
    assert [commit["subject"] for commit in answer["commits"]] == ["Here"]
    assert (await state(repo.folder / "dir")).root == str(repo.folder)


async def test_configuration_runs_nothing_and_changes_no_answer(repo, tmp_path):
    base = repo.commit("First", {"a.txt": "1\n", ".gitattributes": "*.txt diff=evil\n"})
    repo.commit("Second", {"a.txt": "2\n"})
    plain = await call(repo, "diff", base=base, head="HEAD")
    mark = tmp_path / "ran"
    evil = f"touch {mark}"
    for key in ("diff.external", "diff.evil.textconv", "diff.evil.command", "core.fsmonitor", "core.pager"):
        repo.git("config", key, evil)
    for key, value in (
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("log.showSignature", "true"),
        ("diff.orderFile", "missing"),
        ("status.showUntrackedFiles", "no"),
        ("gpg.program", "false"),
    ):
        repo.git("config", key, value)
    assert await call(repo, "diff", base=base, head="HEAD") == plain
    repo.write("new", "x")
    assert [file["path"] for file in (await call(repo, "status"))["files"]] == ["new"]
    await call(repo, "blame", path="a.txt")
    await call(repo, "show")
    await call(repo, "log", files=True)
    await call(repo, "changed_functions", base=base, head="HEAD")
    assert not mark.exists()


@pytest.mark.parametrize("revision", ["--output=x", "-p", "^main", "", "a\nb", "a\0b", "--all"])
@pytest.mark.parametrize(("tool", "argument"), [("diff", "base"), ("diff", "head"), ("show", "rev"), ("log", "range")])
async def test_what_looks_like_an_option_is_refused(repo, tool, argument, revision):
    repo.commit("First", {"a": "1\n"})
    if (tool, argument, revision) == ("diff", "head", "") or (tool, argument, revision) == ("diff", "base", ""):
        return
    error = await refused(repo, tool, **{argument: revision})
    assert error.code == ErrorCode.TOOL_BAD_ARGUMENTS
    assert sorted(file.name for file in repo.folder.iterdir()) == [".git", "a"]


async def test_paths_are_literal_and_lie_in_the_repository(repo):
    base = repo.commit("First", {"a": "1\n"})
    repo.commit("Second", {"-p": "1\n", ":(exclude)a": "1\n", "*": "1\n", "b": "1\n"})
    for path in ("-p", ":(exclude)a", "*"):
        answer = await call(repo, "diff", base=base, head="HEAD", paths=[path])
        assert [file["path"] for file in answer["files"]] == [path]
    for path in ("../x", "/etc/passwd", "a/../../x", "~/x"):
        for arguments in ({"tool": "diff", "paths": [path]}, {"tool": "blame", "path": path}):
            assert (await refused(repo, **arguments)).code == ErrorCode.TOOL_BAD_ARGUMENTS


async def test_no_repository_a_bare_one_an_unknown_revision_and_no_git(repo, tmp_path, monkeypatch):
    (tmp_path / "plain").mkdir()
    with pytest.raises(SavantError, match="not in a git repository"):
        await toolbox(tmp_path / "plain").call("git.status", {})
    assert await state(tmp_path / "plain") is None
    repo.commit("First", {"a": "1\n"})
    repo.git("clone", "-q", "--bare", str(repo.folder), str(tmp_path / "bare"))
    with pytest.raises(SavantError, match="no working tree"):
        await toolbox(tmp_path / "bare").call("git.status", {})
    with pytest.raises(SavantError, match="does not exist"):
        await toolbox(tmp_path / "nowhere").call("git.status", {})
    assert "no commit `nope`" in (await refused(repo, "diff", base="nope")).message
    monkeypatch.setenv("PATH", str(tmp_path / "plain"))
    assert "git is not installed" in (await refused(repo, "status")).message


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda name: name not in (".", "..") and name.lower() != ".git" and len(name.encode()) < 100
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, other=NAMES)
async def test_any_file_name_comes_back_as_it_is(tmp_path, name, other):
    folder = tmp_path / "named"
    shutil.rmtree(folder, ignore_errors=True)
    repo = Repo(folder)
    path = f"d/{name}"
    base = repo.commit("First", {path: "one\ntwo\nthree\nfour\n"})
    repo.write(path, "one\ntwo\nthree\n4\n")
    repo.git("add", "-A")
    moved = f"e/{other}"
    (folder / "e").mkdir()
    repo.git("mv", "--", path, moved)
    repo.commit("Second")
    change = (await call(repo, "diff", base=base, head="HEAD"))["files"][0]
    assert (change["path"], change["old_path"], change["additions"]) == (moved, path, 1)
    assert (await call(repo, "file_at", path=path, rev=base))["text"].startswith("one\n")
    assert (await call(repo, "blame", path=moved))["path"] == moved
    assert (await call(repo, "log", paths=[moved], files=True))["commits"][0]["files"][0]["path"] == moved
    touched = await call(repo, "changed_functions", base=base, head="HEAD")
    assert [entry["path"] for entry in [*touched["elsewhere"], *touched["functions"]]] == [moved]


async def test_a_name_that_is_no_utf8_is_shown_escaped(repo):
    base = repo.commit("First", {"a": "1\n"})
    (repo.folder / os.fsdecode(b"\xff\xfe")).write_text("x\n")
    repo.commit("Second")
    answer = await call(repo, "diff", base=base, head="HEAD")
    assert [file["path"] for file in answer["files"]] == ["\\xff\\xfe"]


async def test_a_cancelled_call_leaves_no_process(repo, tmp_path):
    import asyncio

    import psutil

    repo.commit("First", {"a": "1\n"})
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\n{sys.executable} -c 'import time; time.sleep(600)' & echo $! > {tmp_path}/pid\nwait\n")
    slow.chmod(0o755)
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{slow.parent}:{path}"
    try:
        task = asyncio.create_task(call(repo, "status"))
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        os.environ["PATH"] = path
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_a_lazily_cloned_repository_fetches_nothing(repo, tmp_path):
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit("First", {"a": "1\n"})
    repo.commit("Second", {"a": "2\n"})
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.folder}", str(tmp_path / "lazy"))
    with pytest.raises(SavantError) as caught:
        await toolbox(tmp_path / "lazy").call("git.file_at", {"path": "a", "rev": "HEAD~1"})
    assert caught.value.code == ErrorCode.TOOL_FAILED
    missing = subprocess.run(
        ["git", "rev-list", "--objects", "--all", "--missing=print"],
        cwd=tmp_path / "lazy",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "?" in missing.stdout
