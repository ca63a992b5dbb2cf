"""Real git repositories for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "HOME": os.devnull,
}


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder, env=ENVIRONMENT, input=stdin, capture_output=True,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    """Write files below `root`, making folders as needed."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def repository(root: Path, files: dict[str, str | bytes], message: str = "First") -> Path:
    """A git repository at `root` with `files` committed."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    return commit(root, files, message)


def commit(root: Path, files: dict[str, str | bytes], message: str) -> Path:
    write(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return root
