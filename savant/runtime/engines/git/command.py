"""Running `git` on one repository, with nothing of the caller's environment or taste in its answers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from savant.errors import SavantError
from savant.runtime.engines.process import clean_environment, run
from savant.runtime.tools.engine import tool_failed

MAX_OUTPUT = 64_000_000

# What a user's or a repository's configuration could otherwise change, run, or wait for.
_SETTINGS = (
    "core.quotepath=off",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "color.ui=false",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
    "log.mailmap=true",
    "log.follow=false",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    f"diff.orderFile={os.devnull}",
    "diff.renameLimit=1000",
    "diff.interHunkContext=0",
    "diff.suppressBlankEmpty=false",
    "diff.algorithm=histogram",
    "diff.ignoreSubmodules=none",
    "blame.markUnblamableLines=false",
    "blame.markIgnoredLines=false",
    "status.submoduleSummary=false",
    "submodule.recurse=false",
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone must not go and fetch what it lacks
    "GIT_LITERAL_PATHSPECS": "1",
}


class Repository:
    """The repository that `folder` lies in; it is looked for at the first call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root: Path | None = None

    async def root(self) -> Path:
        """Its top folder; raises TOOL_FAILED where there is no repository or no git."""
        if self._root is None:
            out = await _run(self.folder, ["rev-parse", "--show-toplevel"])
            self._root = Path(os.fsdecode(out.removesuffix(b"\n")))
        return self._root

    async def bytes(self, *arguments: str, stdin: bytes | None = None, max_bytes: int = MAX_OUTPUT) -> bytes:
        """What `git ARGUMENTS` prints in the top folder, cut at `max_bytes`; raises TOOL_FAILED if it fails."""
        return await _run(await self.root(), arguments, stdin, max_bytes)

    async def text(self, *arguments: str) -> str:
        """The same as text, without the last line end."""
        return (await self.bytes(*arguments)).decode("utf-8", "replace").removesuffix("\n")


async def _run(
    folder: Path, arguments: Sequence[str], stdin: bytes | None = None, max_bytes: int = MAX_OUTPUT
) -> bytes:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    environment = clean_environment(_ENVIRONMENT)
    try:
        done = await run(
            ["git", "--no-pager", *settings, *arguments],
            cwd=folder,
            env=environment,
            stdin=stdin,
            max_bytes=max_bytes,
        )
    except FileNotFoundError:
        raise _cannot_start(folder) from None
    if done.exit_code:
        raise _failure(folder, arguments, done.exit_code, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def _cannot_start(folder: Path) -> SavantError:
    if not folder.is_dir():
        return tool_failed(f"The folder {folder} does not exist.")
    return tool_failed("git is not installed, or not on the PATH.", "Install git to use the git tools.")


def _failure(folder: Path, arguments: Sequence[str], exit_code: int, stderr: str) -> SavantError:
    said = stderr.strip()
    if "not a git repository" in said:
        return tool_failed(f"{folder} is not in a git repository.", "Run from a repository, or `git init` one.")
    if "must be run in a work tree" in said:
        return tool_failed(f"{folder} has no working tree: it is a bare repository or a .git folder.")
    reason = said.removeprefix("fatal: ") or f"it ended with {exit_code} and said nothing"
    command = next(argument for argument in arguments if not argument.startswith("-"))
    return tool_failed(f"git {command} failed: {reason}")
