"""What a caller names (`main`, `v1..HEAD`, `HEAD~3`) turned into commits; git never sees the name as an option."""

from __future__ import annotations

import re
from typing import NamedTuple

from savant.errors import SavantError
from savant.runtime.engines.git.command import Repository
from savant.runtime.tools.engine import bad_argument, tool_failed

_OBJECT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")


class Range(NamedTuple):
    """Two trees to compare: `base` is a commit or the empty tree, `head` a commit."""

    base: str
    head: str


async def commit(repository: Repository, revision: str) -> str:
    """The full id of the commit `revision` names; raises TOOL_FAILED if it names none."""
    name = _plain(revision)
    try:
        found = await _verify(repository, f"{name}^{{commit}}")
    except SavantError:
        raise await _unknown(repository, name) from None
    if not _OBJECT.match(found):
        raise bad_argument(f"`{revision}` does not name one commit.", "Name one, such as `main` or `HEAD~3`.")
    return found


async def tree_or_commit(repository: Repository, revision: str) -> str:
    """The same, where the empty tree (the base of a history's beginning) is also meant."""
    return revision if revision == await empty_tree(repository) else await commit(repository, revision)


async def empty_tree(repository: Repository) -> str:
    """The id of the tree without files, in the repository's own hash."""
    return await repository.text("hash-object", "-t", "tree", "--stdin")


async def head_or_none(repository: Repository) -> str | None:
    """The commit checked out; None before the first."""
    try:
        return await _verify(repository, "HEAD^{commit}")
    except SavantError:
        await repository.root()  # no repository at all is an error, not an empty one
        return None


async def between(repository: Repository, base: str, head: str, *, since_fork: bool = False) -> Range:
    """`base` and `head` as commits; with `since_fork`, the base is where `head` left `base`'s history."""
    found = Range(await tree_or_commit(repository, base), await commit(repository, head))
    return Range(await _fork(repository, found), found.head) if since_fork else found


async def reached(repository: Repository, text: str) -> list[str]:
    """A revision or a range as ids for `git log`: what is reached, and with `^` what is left out."""
    range = split(text)
    if range is None:
        return [await commit(repository, text)]
    base, head, symmetric = range
    if base == await empty_tree(repository):
        return [await commit(repository, head)]
    found = await between(repository, base, head)
    return [f"{found.base}...{found.head}"] if symmetric else [found.head, f"^{found.base}"]


def split(text: str) -> tuple[str, str, bool] | None:
    """`a..b` -> (a, b, False), `a...b` -> (a, b, True), with HEAD for what is left out; None if it is no range."""
    found = re.match(r"(.*?)(\.{2,3})(.*)\Z", text, re.DOTALL)
    if not found or text.startswith(":"):
        return None
    if not (found[1] or found[3]) or ".." in found[3] or found[3].startswith("."):
        raise bad_argument(f"`{text}` is not a range of revisions.", "Write it like `main..HEAD`.")
    return found[1] or "HEAD", found[3] or "HEAD", found[2] == "..."


async def _fork(repository: Repository, range: Range) -> str:
    try:
        return await repository.text("merge-base", range.base, range.head)
    except SavantError:
        raise tool_failed(
            "The two revisions have no common history here.", "In a shallow clone, `git fetch --unshallow` helps."
        ) from None


async def _verify(repository: Repository, name: str) -> str:
    return await repository.text("rev-parse", "--verify", "--quiet", "--end-of-options", name)


async def _unknown(repository: Repository, revision: str) -> SavantError:
    if revision in ("HEAD", "@") and await head_or_none(repository) is None:
        return tool_failed("The repository has no commits yet.", "Commit something first.")
    await repository.root()
    shallow = await repository.text("rev-parse", "--is-shallow-repository") == "true"
    hint = "The clone is shallow: `git fetch --unshallow` brings older commits." if shallow else None
    return tool_failed(f"There is no commit `{revision}` in this repository.", hint or "See git.log for what there is.")


def _plain(revision: str) -> str:
    name = revision.strip()
    if not name or name.startswith(("-", "^")) or re.search(r"[\0\r\n]", name):
        raise bad_argument(f"`{revision}` is not a revision.", "Name a branch, tag or commit.")
    return name
