"""Past commits with their subjects and the files they changed: what was said about a file is a way to find it."""

from __future__ import annotations

from pathlib import Path

from savant.errors import SavantError
from savant.runtime.engines.git.command import Repository
from savant.schemas.indexing import PastCommit

MAX_COMMITS = 10_000
# A commit that changed more than this says little about any one of its files.
MAX_FILES = 30
MAX_SUBJECT = 500


async def past_commits(root: Path, since: str | None, limit: int = MAX_COMMITS) -> list[PastCommit]:
    """Commits without merges that HEAD reaches, newest first; those that `since` does not reach, if it is there."""
    repository = Repository(root)
    reach = ["HEAD"]
    if since is not None and await _is_there(repository, since):
        reach.append(f"^{since}")
    try:
        out = await repository.bytes(
            "log", "--no-merges", f"--max-count={limit}", "--format=%x01%H%x02%s%x02", "--name-only", "--no-renames",
            "-z", *reach, "--",
            max_bytes=256_000_000,
        )  # fmt: skip
    except SavantError:  # no git, or no commits
        return []
    return [_commit(entry) for entry in out.split(b"\x01")[1:] if entry.count(b"\x02") >= 2]


async def _is_there(repository: Repository, commit: str) -> bool:
    try:
        await repository.bytes("cat-file", "-e", f"{commit}^{{commit}}")
    except SavantError:
        return False
    return True


def _commit(entry: bytes) -> PastCommit:
    sha, subject, rest = entry.split(b"\x02", 2)
    text = subject.decode("utf-8", "replace")[:MAX_SUBJECT].replace("\0", "")
    changed = rest.lstrip(b"\0\n").rstrip(b"\0")
    # As `shown` has them, but all at once.
    few = changed and changed.count(b"\0") < MAX_FILES
    return PastCommit(sha.decode(), text, changed.decode("utf-8", "backslashreplace").split("\0") if few else [])
