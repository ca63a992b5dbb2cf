"""The git engine: the repository the user stands in, read and never changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from savant.runtime.engines.beneath import relative
from savant.runtime.engines.git import diffs, files, functions, history, revisions
from savant.runtime.engines.git.command import Repository
from savant.runtime.engines.git.results import (
    Blame,
    Diff,
    FileAt,
    Log,
    Recent,
    Shown,
    Status,
    TouchedFunctions,
)
from savant.runtime.tools.engine import Engine, bad_argument, tool

Revision = Annotated[str, Meta(description="Branch, tag or commit, such as `main` or `HEAD~3`")]
Head = Annotated[str | None, Meta(description="Revision to compare with base; the working tree without it")]
Base = Annotated[str | None, Meta(description="Revision, or a range such as `main..HEAD`; HEAD without it")]
Paths = Annotated[tuple[str, ...], Meta(description="Files and folders to keep to; all without them")]
FilePath = Annotated[str, Meta(description="File, relative to the repository's top folder")]
SinceFork = Annotated[bool, Meta(description="Compare with where head left base's history, as `base...head`")]
Context = Annotated[int, Meta(ge=0, le=1000, description="Lines of context around each change")]
MaxBytes = Annotated[int, Meta(ge=1, le=16_000_000, description="Most bytes of text to return")]
Limit = Annotated[int, Meta(ge=1, le=10_000)]
Line = Annotated[int, Meta(ge=1)]
When = Annotated[str | None, Meta(description="2026-03-31, 2026-03-31T12:00:00Z, `2 weeks ago` or yesterday")]


class Git(Engine):
    """Reading the repository that `folder` lies in."""

    name = "git"

    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder)

    @tool(effect="read")
    async def status(self, *, limit: Limit = 1000) -> Status:
        """The branch, the commit, and the files that differ from it, untracked ones included."""
        return await files.status(self.repository, limit)

    @tool(effect="read")
    async def log(
        self,
        *,
        range: Annotated[str, Meta(description="A revision, or a range such as `v1.0..HEAD`")] = "HEAD",
        paths: Paths = (),
        limit: Limit = 20,
        author: Annotated[str | None, Meta(description="Part of the author's name or address")] = None,
        since: When = None,
        until: When = None,
        files: Annotated[bool, Meta(description="List the files that each commit changed")] = False,
    ) -> Log:
        """Commits, newest first."""
        if range in ("HEAD", "@") and await revisions.head_or_none(self.repository) is None:
            return Log(commits=[], truncated=False)
        filters = history.when("since", since) + history.when("until", until)
        if author is not None:
            filters += [f"--author={author}", "--fixed-strings", "--regexp-ignore-case"]
        reached = await revisions.reached(self.repository, range)
        return await history.log(self.repository, reached, paths=paths, limit=limit, filters=filters, files=files)

    @tool(effect="read")
    async def recent(self, *, commits: Limit = 10, head: Revision = "HEAD") -> Recent:
        """The range of the latest commits, as a base and a head that git.diff and git.changed_functions take."""
        found = await revisions.commit(self.repository, head)
        return await history.recent(self.repository, found, commits)

    @tool(effect="read")
    async def diff(
        self,
        *,
        base: Base = None,
        head: Head = None,
        paths: Paths = (),
        staged: Annotated[bool, Meta(description="Compare base with the index, not the working tree")] = False,
        since_fork: SinceFork = False,
        context: Context = 3,
        max_bytes: MaxBytes = 200_000,
    ) -> Diff:
        """What changed between two revisions, or since one. Untracked files are no part of it: see git.status."""
        if staged and head:
            raise bad_argument("`staged` compares with the index, so `head` cannot be given with it.")
        first, second = await self._sides(base, head, since_fork)
        return await diffs.diff(
            self.repository, first, second, staged=staged, paths=paths, context=context, limit=max_bytes
        )

    @tool(effect="read")
    async def show(self, *, rev: Revision = "HEAD", context: Context = 3, max_bytes: MaxBytes = 200_000) -> Shown:
        """A commit, and what it changed against its first parent."""
        return await files.show(self.repository, rev, context, max_bytes)

    @tool(effect="read")
    async def blame(
        self,
        *,
        path: FilePath,
        rev: Revision = "HEAD",
        first_line: Line = 1,
        last_line: Annotated[Line | None, Meta(description="To the end of the file without it")] = None,
    ) -> Blame:
        """Who changed each line of a file last, as of a revision."""
        return await history.blamed(self.repository, relative(path), rev, first_line, last_line)

    @tool(effect="read")
    async def file_at(self, *, path: FilePath, rev: Revision = "HEAD", max_bytes: MaxBytes = 256_000) -> FileAt:
        """A text file as it was at a revision."""
        return await files.file_at(self.repository, relative(path), rev, max_bytes)

    @tool(effect="read")
    async def changed_functions(
        self,
        *,
        base: Base = None,
        head: Head = None,
        paths: Paths = (),
        since_fork: SinceFork = False,
        limit: Limit = 200,
        last_changed: Annotated[bool, Meta(description="Find who changed each last before base")] = True,
    ) -> TouchedFunctions:
        """The functions, methods and types that changed between two revisions, and who changed each last before."""
        first, second = await self._sides(base, head, since_fork)
        blame = last_changed and first != await revisions.empty_tree(self.repository)
        return await functions.touched(self.repository, first, second, paths=paths, limit=limit, blame=blame)

    async def _sides(self, base: str | None, head: str | None, since_fork: bool) -> tuple[str, str | None]:
        """Both sides as ids; a range may stand in `base` alone, and no base means HEAD."""
        range = revisions.split(base) if base else None
        if range and head:
            raise bad_argument(f"`{base}` is a range already, so `head` cannot be given with it.")
        if range:
            return await revisions.between(self.repository, range[0], range[1], since_fork=range[2] or since_fork)
        if base is None:
            base = await revisions.head_or_none(self.repository) or await revisions.empty_tree(self.repository)
        if head is None and not since_fork:
            return await revisions.tree_or_commit(self.repository, base), None
        found = await revisions.between(self.repository, base, head or "HEAD", since_fork=since_fork)
        return found.base, found.head if head else None
