"""Which files of a folder are to be indexed, as git lists them or a walk finds them, and what is left out and why."""

from __future__ import annotations

import asyncio
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.beneath import shown
from savant.runtime.engines.git.command import Repository
from savant.runtime.engines.globs import compiled
from savant.runtime.indexing.stamps import stamp
from savant.runtime.indexing.walk import walk

MAX_FILE_BYTES = 1_000_000
MAX_FILES = 200_000
# A file can change again within the time that file systems count as one moment.
RACY_SECONDS = 2.0
_SUBMODULE = "160000"


class Limits(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is indexed of a repository; `exclude` are globs of paths, as in `vendor/**`."""

    max_file_bytes: int = MAX_FILE_BYTES
    max_files: int = MAX_FILES
    exclude: tuple[str, ...] = ()


class Found(NamedTuple):
    """A regular file to index; `path` may hold bytes that are not UTF-8 as the file system gives them, `shown` not.

    As long as `stamp` is the same, so is the content; None where it has just been changed, and may be again.
    """

    path: str
    shown: str
    size: int
    stamp: str | None = None


class LeftOut(NamedTuple):
    """A path that is not indexed, and why, in words."""

    path: str
    reason: str


class Scan(msgspec.Struct, kw_only=True):
    """A folder's files by path. `commit` is HEAD's, None without git or commits; `note` is why git was not used."""

    root: Path
    files: list[Found]
    left_out: list[LeftOut]
    commit: str | None = None
    branch: str | None = None
    note: str | None = None

    def reasons(self) -> dict[str, int]:
        """How many paths are left out for each reason, most first."""
        return dict(Counter(_kind(item.reason) for item in self.left_out).most_common())


async def top(folder: Path) -> Path:
    """The top folder of the git repository that `folder` is a part of; the folder itself where there is none."""
    folder = await asyncio.to_thread(_existing, folder)
    repository = Repository(folder)
    try:
        root = _real(await repository.root())
        inside = folder.relative_to(root).as_posix()
        ignored = inside != "." and await repository.bytes(
            "ls-files", "-oi", "--exclude-standard", "--directory", "-z", "--", inside
        )
    except (SavantError, ValueError):
        return folder
    return folder if ignored else root


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        hint = "Give the folder of a repository, not a file in it." if folder.exists() else None
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no folder {folder}.", hint=hint)
    return folder.resolve()


def _real(folder: Path) -> Path:
    return folder.resolve()


def _has_git(root: Path) -> bool:
    return os.path.lexists(root / ".git")


async def scan(root: Path, limits: Limits | None = None) -> Scan:
    """Everything to index below `root`: tracked and untracked files of a git repository, else what a walk finds."""
    limits = limits or Limits()
    repository = Repository(root)
    commit = branch = note = None
    left_out: list[LeftOut] = []
    try:
        if _real(await repository.root()) != _real(root):
            raise SavantError(ErrorCode.TOOL_FAILED, "not a git repository of its own")
        paths = await _listed(repository, "", left_out)
        commit, branch = await _head(repository)
    except SavantError as error:
        note = str(error) if _has_git(root) else None
        left_out.clear()
        paths = await asyncio.to_thread(walk, root, lambda path, reason: left_out.append(LeftOut(path, reason)))
    files = await asyncio.to_thread(lambda: list(_regular(root, paths, limits, left_out)))
    left_out.sort()
    return Scan(root=root, files=files, left_out=left_out, commit=commit, branch=branch, note=note)


async def head(root: Path) -> str | None:
    """The commit that HEAD is at; None without git or without commits."""
    try:
        return (await _head(Repository(root)))[0]
    except SavantError:
        return None


async def _head(repository: Repository) -> tuple[str | None, str | None]:
    try:
        commit = await repository.text("rev-parse", "--verify", "-q", "HEAD^{commit}")
    except SavantError:
        commit = None
    try:
        branch = await repository.text("symbolic-ref", "--short", "-q", "HEAD")
    except SavantError:
        branch = None
    return commit, branch


async def _listed(repository: Repository, prefix: str, left_out: list[LeftOut]) -> list[str]:
    staged = os.fsdecode(await repository.bytes("ls-files", "-z", "--cached", "--stage")).split("\0")[:-1]
    submodules = [entry.partition("\t")[2] for entry in staged if entry.startswith(_SUBMODULE)]
    paths = [entry.partition("\t")[2] for entry in staged if not entry.startswith(_SUBMODULE)]
    for entry in (await repository.bytes("ls-files", "-z", "--others", "--exclude-standard")).split(b"\0")[:-1]:
        if entry.endswith(b"/"):
            left_out.append(LeftOut(prefix + os.fsdecode(entry), "another repository"))
        else:
            paths.append(os.fsdecode(entry))
    found = [prefix + path for path in dict.fromkeys(paths)] if prefix else [*dict.fromkeys(paths)]
    for path in dict.fromkeys(submodules):
        found += await _submodule(await repository.root(), prefix, path, left_out)
    return found


async def _submodule(root: Path, prefix: str, path: str, left_out: list[LeftOut]) -> list[str]:
    folder = root / path
    if folder.is_symlink() or not (folder / ".git").exists():
        left_out.append(LeftOut(f"{prefix}{path}", "submodule that is not checked out"))
        return []
    try:
        inner = Repository(folder)
        if _real(await inner.root()) != _real(folder):
            raise SavantError(ErrorCode.TOOL_FAILED, "its .git leads elsewhere")
        return await _listed(inner, f"{prefix}{path}/", left_out)
    except SavantError as error:
        left_out.append(LeftOut(f"{prefix}{path}", f"submodule that git cannot read: {error.message}"))
        return []


def _regular(root: Path, paths: list[str], limits: Limits, left_out: list[LeftOut]) -> Iterator[Found]:
    folders = _Folders(root)
    globs = [compiled(glob) for glob in limits.exclude]
    names: set[str] = set()
    settled = clock.now().timestamp() - RACY_SECONDS
    for path in sorted(paths):
        try:
            status = os.lstat(f"{root}/{path}")
        except OSError as error:
            # A tracked file that is deleted is no file to index, and nothing to report.
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                left_out.append(LeftOut(path, f"unreadable: {error.strerror}"))
            continue
        name = shown(path)
        reason = folders.leaves(path) or _refusal(root, path, status, limits)
        if reason is None and globs and any(glob.match(name) for glob in globs):
            reason = "excluded by the index's configuration"
        if reason is None and name in names:
            reason = "shown with the same name as another file"
        if reason is None and len(names) >= limits.max_files:
            reason = f"over the limit of {limits.max_files} files"
        if reason:
            left_out.append(LeftOut(path, reason))
            continue
        names.add(name)
        racy = max(status.st_ctime, status.st_mtime) > settled
        yield Found(path, name, status.st_size, None if racy else stamp(status))


def _refusal(root: Path, path: str, status: os.stat_result, limits: Limits) -> str | None:
    if stat.S_ISLNK(status.st_mode):
        target = os.path.realpath(root / path)
        inside = target.startswith(os.path.realpath(root) + os.sep)
        return "symbolic link within the repository" if inside else "symbolic link out of the repository"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size > limits.max_file_bytes:
        return f"too large: {status.st_size} bytes"
    return None


class _Folders:
    """Whether a file's folder is really where its path says: a tracked folder may be a symbolic link by now."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self.known: dict[str, bool] = {}

    def leaves(self, path: str) -> str | None:
        folder = path.rpartition("/")[0]
        return None if not folder or self._is_real(folder) else "in a folder that is a symbolic link"

    def _is_real(self, folder: str) -> bool:
        if folder not in self.known:
            outer = folder.rpartition("/")[0]
            there = os.lstat(os.path.join(self.root, folder))  # noqa: PTH118  (hot, and bytes-safe)
            self.known[folder] = stat.S_ISDIR(there.st_mode) and (not outer or self._is_real(outer))
        return self.known[folder]


def _kind(reason: str) -> str:
    return reason.partition(":")[0]
