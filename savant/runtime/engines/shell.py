"""The shell engine: commands of the user's own shell. It is there only where someone has said so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from savant.runtime.engines.beneath import Beneath
from savant.runtime.engines.process import Completed, clean_environment, run
from savant.runtime.tools.engine import Engine, bad_argument, tool

GRACE_SECONDS = 0.4  # with `leases.POLL_SECONDS`, well within the second that a stop may take


class CommandResult(msgspec.Struct, kw_only=True):
    """How a command ended. `exit_code` is None if it was killed for its time; output that did not fit is left out."""

    exit_code: int | None
    stdout: str
    stderr: str
    timed_out: bool
    truncated: bool


class Shell(Engine):
    """Running commands in `root`; they can reach whatever the user can reach."""

    name = "shell"

    def __init__(self, root: Path) -> None:
        self._files = Beneath(root)

    @tool(effect="write")
    async def run(
        self,
        *,
        command: Annotated[str, Meta(min_length=1, description="What to run, as one would type it into sh")],
        cwd: Annotated[str, Meta(description="Folder to run in, relative to the root")] = ".",
        timeout: Annotated[float, Meta(gt=0, le=3600, description="Seconds until it is killed")] = 120,
        env: Annotated[dict[str, str], Meta(description="Environment variables to add to a clean set")] = {},  # noqa: B006
        max_bytes: Annotated[int, Meta(ge=2, le=4_000_000, description="Most bytes of each output to keep")] = 100_000,
    ) -> CommandResult:
        """Run a command with `sh -c` and wait for its end. It gets no input, and none of its group outlives it."""
        _must_be_text(command, *env, *env.values())
        folder = self._files.root.joinpath(*self._files.resolve(cwd))
        if not folder.is_dir():
            raise bad_argument(f"`{cwd}` is not a folder.", "cwd is a folder relative to the root.")
        done = await run(
            ["sh", "-c", command],
            cwd=folder,
            env=clean_environment(env),
            timeout=timeout,
            max_bytes=max_bytes,
            keep_end=True,
            grace=GRACE_SECONDS,
        )
        return _result(done)


def _result(done: Completed) -> CommandResult:
    return CommandResult(
        exit_code=None if done.timed_out else done.exit_code,
        stdout=done.stdout.decode("utf-8", "replace"),
        stderr=done.stderr.decode("utf-8", "replace"),
        timed_out=done.timed_out,
        truncated=done.truncated,
    )


def _must_be_text(*texts: str) -> None:
    for text in texts:
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise bad_argument(f"{text!r} has characters that a command cannot have.")
