"""Every file that should be indexed is found, and what is left out is said with its reason."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.indexing.scanner import Limits, scan, top
from tests.runtime.indexing.trees import git, repository, write


async def paths(root: Path, limits: Limits | None = None) -> list[str]:
    return [found.path for found in (await scan(root, limits)).files]


async def test_tracked_and_untracked_files_but_not_ignored_or_deleted_ones(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.py": "1", "gone.py": "1", "kept.log": "1"})
    write(root, {".gitignore": "*.log\nbuild/\n", "new.py": "1", "build/x.py": "1", "other.log": "1"})
    (root / "gone.py").unlink()
    assert await paths(root) == [".gitignore", "a.py", "kept.log", "new.py"]


async def test_commit_and_branch(tmp_path: Path) -> None:
    root = repository(tmp_path / "a", {"a.py": "1"})
    found = await scan(root)
    assert found.commit == git(root, "rev-parse", "HEAD").decode().strip()
    assert found.branch == "main"
    (tmp_path / "b").mkdir()
    git(tmp_path / "b", "init", "-q", "-b", "trunk")
    unborn = await scan(write(tmp_path / "b", {"a.py": "1"}))
    assert (unborn.commit, unborn.branch, [file.path for file in unborn.files]) == (None, "trunk", ["a.py"])


async def test_exclude_file_of_the_repository(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.py": "1"})
    write(root, {".git/info/exclude": "secret*\n", "secret.py": "1"})
    assert await paths(root) == ["a.py"]


async def test_submodules_are_entered_and_absent_ones_reported(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner", {"lib.py": "1", ".gitignore": "*.o\n"})
    root = repository(tmp_path / "outer", {"a.py": "1"})
    git(root, "submodule", "add", "-q", str(inner), "vendor/inner")
    git(root, "commit", "-q", "-m", "Submodule")
    write(root, {"vendor/inner/new.py": "1", "vendor/inner/x.o": "1"})
    assert "vendor/inner/lib.py" in await paths(root)
    assert "vendor/inner/new.py" in await paths(root)
    assert "vendor/inner/x.o" not in await paths(root)
    git(root, "submodule", "deinit", "-f", "-q", "--all")
    found = await scan(root)
    assert [file.path for file in found.files] == [".gitmodules", "a.py"]
    assert ("vendor/inner", "submodule that is not checked out") in found.left_out


async def test_what_is_left_out_and_why(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": "1", "big.py": "x" * 2000, "sub/b.py": "1", "no/c.py": "1"})
    write(tmp_path, {"outside.txt": "secret", "elsewhere/b.py": "secret"})
    (root / "out.txt").symlink_to(tmp_path / "outside.txt")
    (root / "in.py").symlink_to("a.py")
    git(root, "add", "-A")
    (root / "sub/b.py").unlink()
    (root / "sub").rmdir()
    (root / "sub").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(root / "pipe.py")
    repository(root / "nested", {"x.py": "1"})
    found = await scan(root, Limits(max_file_bytes=1000, exclude=("no/**",)))
    assert [file.path for file in found.files] == ["a.py"]
    assert dict(found.left_out) == {
        "big.py": "too large: 2000 bytes",
        "in.py": "symbolic link within the repository",
        "nested/": "another repository",
        "no/c.py": "excluded by the index's configuration",
        "out.txt": "symbolic link out of the repository",
        "sub": "symbolic link out of the repository",
        "sub/b.py": "in a folder that is a symbolic link",
    } | ({"pipe.py": "not a regular file"} if "pipe.py" in dict(found.left_out) else {})
    assert found.reasons()["too large"] == 1


async def test_without_git_a_walk_leaves_out_installed_packages(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "a.py": "1", "x.log": "1", ".gitignore": "*.log\n", "node_modules/m/i.js": "1", "env/pyvenv.cfg": "",
        "env/lib.py": "1",
        "cache/CACHEDIR.TAG": "", "cache/c": "1",
    })  # fmt: skip
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s"))
        found = await scan(root)
    assert [file.path for file in found.files] == [".gitignore", "a.py"]
    assert {path for path, _ in found.left_out} == {"node_modules", "env/", "cache/", "s"}
    assert found.commit is None


async def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    root = repository(tmp_path / "g", {"a.py": "1"})
    plain = write(tmp_path / "p", {"a.py": "1"})
    for folder in (root, plain):
        (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.py"))).write_text("1")
        (folder / "new\nline \u00e9\u4e16.py").write_text("1")
        assert await paths(folder) == ["a.py", os.fsdecode(b"caf\xe9.py"), "new\nline \u00e9\u4e16.py"]


async def test_limit_of_files(tmp_path: Path) -> None:
    root = repository(tmp_path, {f"{n}.py": "1" for n in range(5)})
    found = await scan(root, Limits(max_files=3))
    assert len(found.files) == 3
    assert found.reasons() == {"over the limit of 3 files": 2}


async def test_top_is_the_repository_unless_the_folder_is_ignored_in_it(tmp_path: Path) -> None:
    root = repository(tmp_path.resolve() / "r", {"src/a.py": "1", ".gitignore": "out/\n"})
    write(root, {"out/b.py": "1"})
    assert await top(root / "src") == root
    assert await top(root / "out") == root / "out"
    assert await paths(root / "out") == ["b.py"]
    plain = write(tmp_path.resolve() / "plain", {"a": "1"})
    assert await top(plain) == plain
    with pytest.raises(SavantError) as failure:
        await top(tmp_path / "missing")
    assert failure.value.code is ErrorCode.NOT_FOUND


async def test_a_broken_repository_is_walked_and_said(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.py": "1"})
    (root / ".git/HEAD").write_text("nonsense")
    found = await scan(root)
    assert [file.path for file in found.files] == ["a.py"]
    assert found.note
