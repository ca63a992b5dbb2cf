"""A real `savant` process, with pipes or on a terminal, in a home and a project of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 60.0
Answer = tuple[str, str | Callable[[], str]]
SAVANT = [sys.executable, "-m", "savant"]


@dataclass
class Result:
    """What a process left behind; on a terminal both streams are in `stdout`, as a person sees them."""

    code: int
    stdout: str
    stderr: str = ""

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass
class Cli:
    """Runs `savant` in `folder`."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, input: str = "", env: dict[str, str] | None = None) -> Result:
        done = subprocess.run(
            [*SAVANT, *arguments],
            cwd=self.folder,
            env={**self.env, **(env or {})},
            input=input,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A process to send signals to."""
        return subprocess.Popen(
            [*SAVANT, *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_terminal(
        self,
        *arguments: str,
        answers: Sequence[Answer] = (),
        send: tuple[str, int] | None = None,
        env: dict[str, str] | None = None,
    ) -> Result:
        """The same with all three streams on a terminal; each answer is typed, or found, once its question is there.

        `send` is a text to wait for, and the signal to send then.
        """
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe(SAVANT[0], [*SAVANT, *arguments], {**self.env, "TERM": "xterm", **(env or {})})
        try:
            shown = _talk(pid, master, list(answers), send)
        finally:
            os.close(master)
        return Result(_wait(pid), shown)

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


def _talk(pid: int, master: int, answers: list[Answer], send: tuple[str, int] | None) -> str:
    """Everything the process shows until it closes its terminal."""
    shown, read_up_to, deadline = "", 0, time.monotonic() + PATIENCE
    while True:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"The process did not end. It showed:\n{shown}")
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            chunk = os.read(master, 65536)
        except OSError:
            return shown
        if not chunk:
            return shown
        shown += chunk.decode(errors="replace")
        if answers and answers[0][0] in shown[read_up_to:]:
            read_up_to = len(shown)
            answer = answers.pop(0)[1]
            os.write(master, (answer if isinstance(answer, str) else answer()).encode() + b"\n")
        if send is not None and send[0] in shown:
            os.kill(pid, send[1])
            send = None


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.fixture
def env(tmp_path: Path, sqlite_template: Path) -> dict[str, str]:
    """An environment with nothing of the developer's own in it, and a database that is ready, which saves half a second
    of migrations a test; `tests/stories` begins with nothing at all.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "data").mkdir()
    shutil.copy(sqlite_template, tmp_path / "data" / "savant.db")
    return {**kept, "HOME": str(home), "SAVANT_HOME": str(tmp_path / "data"), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def savant(tmp_path: Path, env: dict[str, str]) -> Cli:
    folder = tmp_path / "project"
    folder.mkdir()
    return Cli(folder, env)


@pytest.fixture
def started(savant: Cli) -> Cli:
    """A project made by `savant init`, in a git repository with two commits."""
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "First"],
                    ["commit", "-q", "--allow-empty", "-m", "Second"]):  # fmt: skip
        subprocess.run([*git, *command], cwd=savant.folder, check=True, env=savant.env)
    assert savant("init").code == 0
    return savant
