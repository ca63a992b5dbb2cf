"""`savant chat`, in real processes: down a pipe, and on a terminal with a person who interrupts."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from savant.errors import ExitCode
from tests.cli.conftest import PATIENCE, SAVANT, Cli

SCRIPT = """
turns:
  - Hello.
  - {when: The file, text: I read it.}
  - {when: slowly, text: At last., delay: 60}
  - {when: fail, error: model_bad_request, message: No.}
  - And hello again.
  - Still here.
"""


@pytest.fixture
def project(savant: Cli) -> Cli:
    savant.write("script.yaml", SCRIPT)
    savant.write("other.yaml", "loop: true\nturns: [I am another.]\n")
    savant.write(".savant/agents/helper.yaml", "name: Helper\nconfig: {llm_model: scripted/script.yaml}\n")
    savant.write("notes.txt", "Some notes.\n")
    return savant


class Terminal:
    """A person at a terminal in which `savant` runs."""

    def __init__(self, pid: int, master: int) -> None:
        self.pid = pid
        self.shown = ""
        self._master = master
        self._seen = 0

    def wait(self, text: str) -> None:
        """Until this is shown, after whatever was waited for before."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._plain()[self._seen :]:
            assert time.monotonic() < deadline, f"`{text}` was never shown:\n{self.shown}"
            if select.select([self._master], [], [], 0.1)[0]:
                self.shown += os.read(self._master, 65536).decode(errors="replace")
        self._seen = self._plain().index(text, self._seen) + len(text)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode() + b"\n")

    def press(self, key: bytes) -> None:
        os.write(self._master, key)

    def left(self) -> int:
        """The exit code."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._master, 65536).decode(errors="replace")
                except OSError:
                    return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        raise AssertionError(f"It did not end:\n{self.shown}")

    def _plain(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown)


@contextmanager
def terminal(cli: Cli, *arguments: str) -> Iterator[Terminal]:
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(cli.folder)
        os.execvpe(SAVANT[0], [*SAVANT, *arguments], {**cli.env, "TERM": "xterm"})
    try:
        yield Terminal(pid, master)
    finally:
        os.close(master)
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_down_a_pipe_each_line_is_a_turn(project: Cli) -> None:
    result = project("chat", "helper", input="Hi.\n\nHow are you?\n")
    assert (result.code, result.stdout) == (ExitCode.DONE, "Hello.\nAnd hello again.\n")
    assert len(project("runs", "list", "--json").json["items"]) == 2


def test_a_turn_that_fails_ends_a_pipe_and_is_no_success(project: Cli) -> None:
    result = project("chat", "helper", input="Hi.\nNow fail.\nNever said.\n")
    assert (result.code, result.stdout) == (ExitCode.UNREACHABLE, "Hello.\n")
    assert len(project("runs", "list", "--json").json["items"]) == 2


def test_it_goes_on_another_day_with_another_model_and_a_file(project: Cli) -> None:
    assert project("chat", "helper", input="Hi.\n").code == ExitCode.DONE
    result = project(
        "chat",
        "helper",
        "--continue",
        input="/attach notes.txt\nWhat is in it?\n/model scripted/other.yaml\nAnd you?\n",
    )
    assert result.stdout == "I read it.\nI am another.\n"
    assert "1 turns so far" in result.stderr
    step = project("runs", "show", "2", "--json").json["steps"][-1]
    assert "Some notes." in str(step["input"])
    assert "Hello." in str(step["input"])
    shown = project("chat", "helper", "--continue", input="/history\n").stderr
    assert shown.count("you>") >= 3


def test_what_cannot_be(project: Cli) -> None:
    assert project("chat", "helper", "--continue").code == ExitCode.USAGE
    assert project("chat", "nobody").code == ExitCode.USAGE
    assert project("chat", "helper", "--json").code == ExitCode.USAGE
    assert project("chat", "helper", input="/attach nothing.txt\n").code == ExitCode.USAGE
    assert project("chat", "helper", input="/nonsense\n").code == ExitCode.USAGE


def test_ctrl_c_stops_the_turn_and_not_the_conversation(project: Cli) -> None:
    with terminal(project, "chat", "helper") as person:
        person.wait("you> ")
        person.type("Hi.")
        person.wait("Hello.")
        person.wait("you> ")
        person.press(b"\x03")
        person.wait("Leave with /quit")
        person.type("Answer slowly.")
        person.wait("model")
        person.press(b"\x03")
        person.wait("Stopped.")
        person.wait("you> ")
        person.type("/help")
        person.wait("/attach PATH")
        person.type("/nonsense")
        person.wait("There is no `/nonsense`")
        person.type("Still there?")
        person.wait("Still here.")
        person.wait("you> ")
        person.press(b"\x04")
        assert person.left() == ExitCode.DONE
    statuses = [run["status"] for run in project("runs", "list", "--json").json["items"]]
    assert statuses == ["completed", "stopped", "completed"]
