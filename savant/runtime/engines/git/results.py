"""What the git tools answer. Paths are relative to the repository's top folder; lines count from 1."""

from __future__ import annotations

from typing import Literal

import msgspec

FileStatus = Literal["added", "modified", "deleted", "renamed", "copied", "type_changed", "unmerged"]


class Result(msgspec.Struct, kw_only=True):
    """An answer, or a part of one."""


class FileChange(Result):
    """One changed file; `additions` and `deletions` count lines, None for a binary file."""

    path: str
    old_path: str | None
    status: FileStatus
    additions: int | None
    deletions: int | None
    binary: bool
    submodule: bool


class Diff(Result):
    """`text` is the patch, cut at a line end if `truncated`; `files` are always all of them.

    `base` is a commit (or the empty tree); `head` is a commit, or None for the index or the working tree.
    """

    base: str
    head: str | None
    text: str
    files: list[FileChange]
    additions: int
    deletions: int
    truncated: bool


class Commit(Result):
    """One commit; dates are ISO 8601. `files` (against the first parent) only where they were asked for."""

    commit: str
    parents: list[str]
    author: str
    email: str
    date: str
    subject: str
    body: str
    files: list[FileChange] | None = None


class Log(Result):
    """Commits, newest first; `truncated`: there are more."""

    commits: list[Commit]
    truncated: bool


class Shown(Result):
    """A commit and what it changed; `boundary`: a shallow clone ends here, so what it changed is not known."""

    commit: Commit
    diff: Diff
    boundary: bool


class Recent(Result):
    """The last `commits` commits along the first parents: `base` and `head` are what git.diff takes.

    `complete`: fewer were asked for than there are; if not, `base` is the empty tree, or the end of a shallow clone.
    """

    base: str
    head: str
    commits: int
    complete: bool


class LastChange(Result):
    """Who changed something last; `boundary`: a shallow clone ends there, so it may have been someone before."""

    commit: str
    author: str
    email: str
    date: str
    subject: str
    boundary: bool = False


class BlamedLines(LastChange, kw_only=True):
    """Lines in a row that one commit last changed."""

    first_line: int
    last_line: int
    text: str


class Blame(Result):
    """A file's lines as of `commit`, each with who changed it last; `last_changed` is the newest of these."""

    path: str
    commit: str
    lines: list[BlamedLines]
    last_changed: LastChange | None


class FileAt(Result):
    """A file as of a commit; of a symbolic link, `text` is where it points to."""

    path: str
    commit: str
    text: str
    size: int
    symlink: bool
    truncated: bool
    replaced: bool


class StatusEntry(Result):
    """One file that differs; `index` and `worktree` are git's letters (M, A, D, R, C, T, U, `?`), `.` for unchanged."""

    path: str
    old_path: str | None
    index: str
    worktree: str


class Status(Result):
    """The working tree against HEAD; `branch` is None when detached, `commit` before the first one."""

    branch: str | None
    commit: str | None
    upstream: str | None
    ahead: int | None
    behind: int | None
    clean: bool
    files: list[StatusEntry]
    truncated: bool


class TouchedFunction(Result):
    """A definition that a range touches.

    The lines are those at `head` (at `base` for a deleted one). `last_changed` is who changed it last before the
    range, None for a new one. `exact` is false where only git's own guess at the enclosing definition is known.
    """

    path: str
    symbol: str
    kind: str
    change: Literal["added", "modified", "deleted"]
    first_line: int | None
    last_line: int | None
    lines_added: int
    lines_deleted: int
    exact: bool
    last_changed: LastChange | None = None


class Elsewhere(Result):
    """Changed lines of a file that lie in no definition."""

    path: str
    lines_added: int
    lines_deleted: int


class TouchedFunctions(Result):
    """The definitions touched, by path and line, and changed lines that lie in none; `truncated`: there are more."""

    base: str
    head: str | None
    functions: list[TouchedFunction]
    elsewhere: list[Elsewhere]
    truncated: bool
