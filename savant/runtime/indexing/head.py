"""The commit that HEAD is at, read from git's files: asking git itself takes longer than a search."""

from __future__ import annotations

from pathlib import Path


def quick_head(root: Path) -> str | None:
    """The commit of a working tree; None where there is no git, no commit, or a way of storing that is not known."""
    try:
        return _head(root / ".git")
    except (OSError, UnicodeDecodeError, ValueError):
        return None


def _head(git: Path) -> str | None:
    if git.is_file():
        git = git.parent / git.read_text().partition("gitdir:")[2].strip()
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    common = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
    for folder in (git, common):
        if (folder / name).is_file():
            return (folder / name).read_text().strip()
    for line in (common / "packed-refs").read_text().splitlines():
        if line.endswith(f" {name}"):
            return line.split(" ", 1)[0]
    return None
