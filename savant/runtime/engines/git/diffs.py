"""What changed between two trees: the files (`--raw --numstat -z`), and the patch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from savant.runtime.engines.beneath import relative, shown
from savant.runtime.engines.git.command import Repository
from savant.runtime.engines.git.results import Diff, FileChange, FileStatus

OPTIONS = ("--no-ext-diff", "--no-textconv", "--find-renames", "--submodule=short", "--ignore-submodules=dirty")
_STATUSES: dict[str, FileStatus] = {
    "A": "added",
    "M": "modified",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "T": "type_changed",
    "U": "unmerged",
}
_COMMIT = re.compile(rb"[0-9a-f]{40,64}\Z")
_NUMBERS = re.compile(rb"(\d+|-)\t(\d+|-)\t(.*)\Z", re.DOTALL)


class Change(NamedTuple):
    """One changed file as git names it (bytes that are not UTF-8 escaped), with its blobs on both sides."""

    path: str
    old_path: str | None
    status: FileStatus
    old_blob: str
    new_blob: str
    submodule: bool
    additions: int | None = None
    deletions: int | None = None

    def shown(self) -> FileChange:
        """The change as it is answered."""
        return FileChange(
            path=shown(self.path),
            old_path=None if self.old_path is None else shown(self.old_path),
            status=self.status,
            additions=self.additions,
            deletions=self.deletions,
            binary=self.additions is None and self.status != "unmerged",
            submodule=self.submodule,
        )


def sides(base: str, head: str | None, *, staged: bool = False) -> list[str]:
    """The arguments of `git diff` that name both sides; without `head` it is the index or the working tree."""
    return (["--cached"] if staged else []) + [base] + ([head] if head else [])


def pathspecs(paths: Sequence[str]) -> list[str]:
    """`-- PATHS`, each checked to lie in the repository; they are literal, not globs."""
    return ["--", *map(relative, paths)]


async def diff(
    repository: Repository, base: str, head: str | None, *, staged: bool, paths: Sequence[str], context: int, limit: int
) -> Diff:
    """Everything that differs, and its patch up to `limit` bytes."""
    found = await changes(repository, base, head, staged=staged, paths=paths)
    text, truncated = await patch(repository, base, head, staged=staged, paths=paths, context=context, limit=limit)
    return Diff(
        base=base,
        head=head,
        text=text,
        files=[change.shown() for change in found],
        additions=sum(change.additions or 0 for change in found),
        deletions=sum(change.deletions or 0 for change in found),
        truncated=truncated,
    )


async def changes(
    repository: Repository, base: str, head: str | None, *, staged: bool = False, paths: Sequence[str] = ()
) -> list[Change]:
    """The files that differ, by path."""
    arguments = [*OPTIONS, "--raw", "--numstat", "-z", "--no-abbrev", *sides(base, head, staged=staged)]
    out = await repository.bytes("diff", *arguments, *pathspecs(paths))
    return parse(out).get("", [])


async def patch(
    repository: Repository,
    base: str,
    head: str | None,
    *,
    staged: bool = False,
    paths: Sequence[str] = (),
    context: int = 3,
    limit: int,
) -> tuple[str, bool]:
    """The unified diff, and whether it was cut (at a line end) to fit in `limit` bytes."""
    arguments = [*OPTIONS, "--patch", f"--unified={context}", *sides(base, head, staged=staged)]
    out = await repository.bytes("diff", *arguments, *pathspecs(paths), max_bytes=limit + 1)
    truncated = len(out) > limit
    kept = out[: out.rfind(b"\n", 0, limit) + 1] if truncated else out
    return kept.decode("utf-8", "replace"), truncated


async def changes_of(repository: Repository, commits: Sequence[str]) -> dict[str, list[Change]]:
    """What each commit changed against its first parent, by commit."""
    arguments = ["--stdin", "-z", "-r", "--root", "--raw", "--numstat", "--no-abbrev", "--diff-merges=first-parent"]
    listed = "".join(f"{commit}\n" for commit in commits).encode()
    return parse(await repository.bytes("diff-tree", *OPTIONS, *arguments, stdin=listed))


def parse(out: bytes) -> dict[str, list[Change]]:
    """`--raw --numstat -z` output as changes by commit; those before any commit's id are under ''."""
    found: dict[str, dict[str, Change]] = {"": {}}
    tokens, here = iter(out.split(b"\0")), found[""]
    for token in tokens:
        if token.startswith(b":"):
            change = _raw(token.decode(), tokens)
            here[change.path] = change
        elif numbers := _NUMBERS.match(token):
            _count(here, numbers, tokens)
        elif _COMMIT.match(token):
            here = found.setdefault(token.decode(), {})
    return {commit: list(changes.values()) for commit, changes in found.items()}


def _raw(header: str, tokens: Iterator[bytes]) -> Change:
    old_mode, new_mode, old_blob, new_blob, status = header[1:].split(" ")
    first = os.fsdecode(next(tokens))
    moved = status[0] in "RC"
    return Change(
        path=os.fsdecode(next(tokens)) if moved else first,
        old_path=first if moved else None,
        status=_STATUSES.get(status[0], "modified"),
        old_blob=old_blob,
        new_blob=new_blob,
        submodule="160000" in (old_mode, new_mode),
    )


def _count(here: dict[str, Change], numbers: re.Match[bytes], tokens: Iterator[bytes]) -> None:
    name = numbers[3]
    if not name:
        next(tokens)
        name = next(tokens)
    path = os.fsdecode(name)
    if path in here and numbers[1] != b"-":
        here[path] = here[path]._replace(additions=int(numbers[1]), deletions=int(numbers[2]))
