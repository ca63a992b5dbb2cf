"""The working tree, a commit, and a file at a commit."""

from __future__ import annotations

import os
from pathlib import Path

from savant.errors import SavantError
from savant.runtime.engines.beneath import shown
from savant.runtime.engines.git import diffs, history, revisions
from savant.runtime.engines.git.command import Repository
from savant.runtime.engines.git.results import Diff, FileAt, Shown, Status, StatusEntry
from savant.runtime.tools.engine import tool_failed
from savant.schemas.programs import RepositoryState


async def state(folder: Path) -> RepositoryState | None:
    """The repository that `folder` lies in, as a run records it; None where there is none, or no git."""
    repository = Repository(folder)
    try:
        root = await repository.root()
        found = await status(repository, limit=1)
    except SavantError:
        return None
    return RepositoryState(root=str(root), branch=found.branch, commit=found.commit, dirty=not found.clean)


async def status(repository: Repository, limit: int) -> Status:
    """At most `limit` files that differ, and where HEAD stands."""
    options = ["--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=none"]
    out = await repository.bytes("status", *options)
    headers: dict[str, str] = {}
    entries: list[StatusEntry] = []
    tokens = iter(out.split(b"\0"))
    for token in tokens:
        text = os.fsdecode(token)
        if text.startswith("# "):
            key, _, value = text[2:].partition(" ")
            headers[key] = value
        elif text:
            entries.append(_entry(text, os.fsdecode(next(tokens)) if text[0] == "2" else None))
    return _status(headers, entries, limit)


def _status(headers: dict[str, str], entries: list[StatusEntry], limit: int) -> Status:
    ahead, _, behind = headers.get("branch.ab", "").partition(" ")
    branch, commit = headers.get("branch.head"), headers.get("branch.oid")
    return Status(
        branch=None if branch == "(detached)" else branch,
        commit=None if commit == "(initial)" else commit,
        upstream=headers.get("branch.upstream"),
        ahead=int(ahead) if ahead else None,
        behind=-int(behind) if behind else None,
        clean=not entries,
        files=entries[:limit],
        truncated=len(entries) > limit,
    )


# How many fields stand before the path, by kind of entry.
_BEFORE_PATH = {"1": 8, "2": 9, "u": 10}


def _entry(text: str, old_path: str | None) -> StatusEntry:
    kind = text[0]
    if kind in "?!":
        return StatusEntry(path=shown(text[2:]), old_path=None, index=kind, worktree=kind)
    fields = text.split(" ", _BEFORE_PATH[kind])
    return StatusEntry(
        path=shown(fields[-1]),
        old_path=None if old_path is None else shown(old_path),
        index=fields[1][0],
        worktree=fields[1][1],
    )


async def show(repository: Repository, rev: str, context: int, max_bytes: int) -> Shown:
    """A commit and its difference from its first parent."""
    commit = await revisions.commit(repository, rev)
    found = (await history.log(repository, [commit], paths=(), limit=1, filters=(), files=False)).commits[0]
    empty = await revisions.empty_tree(repository)
    boundary = not found.parents and await _has_parent(repository, commit)
    if boundary:
        diff = Diff(base=commit, head=commit, text="", files=[], additions=0, deletions=0, truncated=False)
    else:
        base = found.parents[0] if found.parents else empty
        diff = await diffs.diff(repository, base, commit, staged=False, paths=(), context=context, limit=max_bytes)
    return Shown(commit=found, diff=diff, boundary=boundary)


async def _has_parent(repository: Repository, commit: str) -> bool:
    """Whether the commit itself names a parent, which a shallow clone hides."""
    header = (await repository.text("cat-file", "commit", commit)).partition("\n\n")[0]
    return any(line.startswith("parent ") for line in header.split("\n"))


async def file_at(repository: Repository, path: str, rev: str, max_bytes: int) -> FileAt:
    """A text file of a commit, its text cut at `max_bytes`."""
    commit = await revisions.commit(repository, rev)
    blob, symlink = await _blob(repository, path, commit)
    size = int(await repository.text("cat-file", "-s", blob))
    data = await repository.bytes("cat-file", "blob", blob, max_bytes=max_bytes)
    if b"\0" in data[:8192]:
        raise tool_failed(f"`{path}` is binary ({size} bytes).", "Only text can be read.")
    text = data.decode("utf-8", "replace")
    return FileAt(
        path=path,
        commit=commit,
        text=text,
        size=size,
        symlink=symlink,
        truncated=size > len(data),
        replaced="\ufffd" in text and text.encode() != data,
    )


async def _blob(repository: Repository, path: str, commit: str) -> tuple[str, bool]:
    out = await repository.bytes("ls-tree", "-z", "--full-tree", commit, "--", path)
    if not out:
        raise tool_failed(f"`{path}` does not exist in {commit[:12]}.", "See git.log or git.status.")
    mode, type_, rest = out.decode("utf-8", "replace").split(" ", 2)
    if type_ != "blob":
        kind = {"tree": "a folder", "commit": "a submodule"}.get(type_, type_)
        raise tool_failed(f"`{path}` is {kind} in {commit[:12]}, not a file.")
    return rest.partition("\t")[0], mode == "120000"
