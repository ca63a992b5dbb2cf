"""A run killed with kill -9 at any point resumes to the same result; what may have happened is not repeated unasked."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.stories.installation import (
    Installation,
    files_in,
    finished,
    kill,
    kill_at_random,
    wait_until,
)
from tests.stories.shapes import SHAPES, effects, project

KILLS = 3
MOST_COMMANDS = 25
# For what does not depend on the database: each of these tests starts several processes.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# `held` writes its name, and then waits to be let go: whoever kills it there knows what it had done.
BLOCKED = """
name: Blocked
steps:
  - {id: before, tool: git.log}
  - {id: held, tool: shell.run, with: {command: "echo held >> effects; while [ ! -e go ]; do sleep 0.02; done; rm go"}}
  - {id: after, tool: shell.run, with: {command: "echo after >> effects"}}
outputs: {commits: "${{ steps.before.output.commits | length }}"}
"""
TWO_AT_ONCE = """
name: Two
steps:
  - id: both
    parallel:
      - {id: a, tool: shell.run, with: {command: "echo a >> effects; while [ ! -e go ]; do sleep 0.02; done"}}
      - {id: b, tool: shell.run, with: {command: "echo b >> effects; while [ ! -e go ]; do sleep 0.02; done"}}
"""


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    (tmp_path / "home").mkdir()
    opened = Installation(tmp_path / "home", database_url)
    yield opened
    opened.close()


@pytest.fixture
def dice() -> random.Random:
    seed = int(os.environ.get("SAVANT_TEST_SEED") or time.time_ns() % 1_000_000)
    sys.stdout.write(f"To see this again: SAVANT_TEST_SEED={seed}\n")
    return random.Random(seed)


def folder_of(tmp_path: Path, name: str, workflow: str, kind: str = "killed") -> Path:
    folder = tmp_path / kind
    folder.mkdir()
    return project(folder, name, workflow)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_killed_anywhere_ends_as_if_it_had_not_been(
    home: Installation, tmp_path: Path, dice: random.Random, shape: str
) -> None:
    workflow, expected_effects = SHAPES[shape]
    whole = folder_of(tmp_path, shape, workflow, "whole")
    code, document = home.savant(whole, "run", shape)
    assert (code, sorted(effects(whole))) == (0, sorted(expected_effects))
    paths = completed_paths(home, document["id"])
    parts = delegated(home, document["id"])
    traces = home.value("SELECT count(*) FROM traces")

    killed = folder_of(tmp_path, shape, workflow)
    killer = Killer(home, killed, dice, ahead=traces // 2)
    resumed = killer.carry_out(shape)

    assert resumed["status"] == "completed"
    assert resumed["result"] == document["result"]
    assert sorted(effects(killed)) == sorted(expected_effects)
    assert completed_paths(home, resumed["id"]) == paths
    assert delegated(home, resumed["id"]) == parts
    assert len(parts) == ("agent" in expected_effects)
    assert_in_order(home, resumed["id"])
    assert list(files_in(killed)) == list(files_in(whole))


class Killer:
    """Starts a run, kills whoever carries it out, and goes on with it as a careful person would."""

    def __init__(self, home: Installation, folder: Path, dice: random.Random, ahead: int) -> None:
        self._home = home
        self._folder = folder
        self._dice = dice
        self._ahead = ahead

    def carry_out(self, shape: str) -> Any:
        """The finished run, after several kills and the answers to what they left in doubt."""
        arguments, kills = ["run", shape, "--idempotency-key", "this one"], KILLS
        for _ in range(MOST_COMMANDS):
            process = self._home.start(self._folder, *arguments)
            if kills:
                kills -= 1
                kill_at_random(process, self._dice, self._home, self._ahead)
            code, document = finished(process)
            assert len(effects(self._folder)) == len(set(effects(self._folder))), "something was done twice, unasked"
            run = self._run()
            if run is not None and self._status(run) == "completed":
                return document or self._home.savant(self._folder, "runs", "show", str(run))[1]
            if run is not None:
                arguments = ["runs", "resume", str(run), *self._answer(run, code)]
        raise AssertionError(f"It does not come to an end: {arguments}")

    def _run(self) -> int | None:
        found = self._home.rows("SELECT id FROM runs WHERE idempotency_key = 'this one'")
        return found[0][0] if found else None

    def _status(self, run: int) -> str:
        return self._home.value(f"SELECT status FROM runs WHERE id = {run}")

    def _answer(self, run: int, code: int) -> list[str]:
        """Nothing for a killed run; for one that waits, whether what is in doubt did happen."""
        status = self._status(run)
        if status != "waiting":
            assert code == -9 or (code, status) == (5, "failed"), "only what waits for its neighbour in vain fails"
            return []
        assert code in (8, -9)
        in_doubt = f"SELECT path FROM approvals WHERE run_id = {run} AND status = 'pending' AND kind = 'uncertain_step'"
        [(path,)] = self._home.rows(in_doubt)
        step = f"SELECT effect, status, input FROM steps WHERE run_id = {run} AND path = '{path}' ORDER BY attempt DESC"
        effect, status, input = self._home.rows(step)[0]
        assert (effect, status) == ("write", "running")
        name = str(input).partition("echo ")[2].split()[0]
        return ["--on-uncertain", "done" if name in effects(self._folder) else "retry"]


def delegated(home: Installation, run: int) -> list[tuple[Any, ...]]:
    """The runs that a run delegated, as their rows tell of them."""
    facts = "journal_path, runnable_slug, status, error_code, goal, CAST(result AS TEXT)"
    return home.rows(f"SELECT {facts} FROM runs WHERE parent_run_id = {run} AND journal_run_id = {run} ORDER BY 1")


def completed_paths(home: Installation, run: int) -> list[str]:
    """The paths of all completed rows, so a path that was completed twice is there twice."""
    return [
        path
        for (path,) in home.rows(f"SELECT path FROM steps WHERE run_id = {run} AND status = 'completed' ORDER BY path")
    ]


def assert_in_order(home: Installation, run: int) -> None:
    """The run's row, its steps and its traces tell one story, with nothing missing and nothing open."""
    assert home.rows(f"SELECT status, lease_holder, error_code FROM runs WHERE id = {run}") == [
        ("completed", None, None)
    ]
    numbers = [number for (number,) in home.rows(f"SELECT seq FROM traces WHERE run_id = {run} ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert home.rows(f"SELECT path FROM approvals WHERE run_id = {run} AND status = 'pending'") == []
    assert home.rows(f"SELECT path FROM steps WHERE run_id = {run} AND status = 'running'") == []


@pytest.fixture
def held(home: Installation, tmp_path: Path) -> Held:
    return Held(home, folder_of(tmp_path, "blocked", BLOCKED))


class Held:
    """A run that is stopped in the middle of a write, and can be killed there."""

    def __init__(self, home: Installation, folder: Path) -> None:
        self.home = home
        self.folder = folder

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A process that has begun the write, for the first time or once more."""
        begun = len(effects(self.folder)) + 1
        process = self.home.start(self.folder, *arguments)
        wait_until(lambda: len(effects(self.folder)) == begun or process.poll() is not None, "the write has begun")
        assert process.poll() is None
        return process

    def kill(self, process: subprocess.Popen[str] | psutil.Process) -> None:
        """Kill the process; the command it had started comes to its end all the same."""
        kill(process, meanwhile=self.let_go)
        wait_until(lambda: not (self.folder / "go").exists(), "the command has ended")

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def carried_out(self, *arguments: str) -> tuple[int, Any]:
        """The end of a command during which the write may go through."""
        self.let_go()
        ended = self.home.savant(self.folder, *arguments)
        (self.folder / "go").unlink(missing_ok=True)
        return ended

    def status(self) -> tuple[Any, ...]:
        return self.home.rows("SELECT status, error_code FROM runs")[0]


@on_sqlite
def test_an_interrupted_write_waits_and_is_done_if_a_person_says_so(held: Held) -> None:
    held.kill(held.start("run", "blocked"))
    assert held.status() == ("running", None)
    code, document = held.carried_out("runs", "resume", "1")
    assert (code, document["status"], document["error_code"]) == (8, "waiting", "uncertain_step")
    assert held.home.rows("SELECT path, kind, status FROM approvals") == [("blocked/held", "uncertain_step", "pending")]
    code, document = held.carried_out("runs", "resume", "1")
    assert (code, held.status()) == (8, ("waiting", "uncertain_step")), "no answer is not an answer"
    code, document = held.carried_out("runs", "resume", "1", "--on-uncertain", "done")
    assert (code, document["result"]) == (0, {"outputs": {"commits": 1}})
    assert effects(held.folder) == ["held", "after"]


@on_sqlite
def test_an_answer_is_good_for_one_interruption(held: Held) -> None:
    held.kill(held.start("run", "blocked"))
    assert held.carried_out("runs", "resume", "1")[0] == 8
    held.kill(held.start("runs", "resume", "1", "--on-uncertain", "retry"))
    code, document = held.carried_out("runs", "resume", "1")
    assert (code, document["error_code"]) == (8, "uncertain_step")
    assert effects(held.folder) == ["held", "held"], "the first answer does not answer for the second interruption"
    assert held.carried_out("runs", "resume", "1", "--on-uncertain", "retry")[0] == 0
    assert effects(held.folder) == ["held", "held", "held", "after"]


@on_sqlite
@pytest.mark.parametrize(("answer", "code", "done"), [("retry", 0, 2), ("fail", 5, 1)])
def test_a_killed_run_can_be_answered_before_it_asks(held: Held, answer: str, code: int, done: int) -> None:
    held.kill(held.start("run", "blocked"))
    assert held.carried_out("runs", "resume", "1", "--on-uncertain", answer)[0] == code
    assert effects(held.folder) == ["held"] * done + ["after"] * (code == 0)


def test_of_two_resumes_at_once_one_goes_on(held: Held) -> None:
    held.kill(held.start("run", "blocked"))
    both = [held.home.start(held.folder, "runs", "resume", "1", "--on-uncertain", "retry") for _ in range(2)]
    wait_until(lambda: any(process.poll() is not None for process in both), "one of them is refused")
    refused, going = sorted(both, key=lambda process: process.poll() is None)
    code, document = finished(refused)
    assert (code, document["error"]["code"]) == (2, "conflict")
    held.let_go()
    assert finished(going)[0] == 0
    assert effects(held.folder) == ["held", "held", "after"]
    assert held.home.value("SELECT attempts FROM runs") == 2


@on_sqlite
def test_a_run_is_stopped_from_another_process(held: Held) -> None:
    going = held.start("run", "blocked")
    assert held.home.savant(held.folder, "runs", "stop", "1")[0] == 0
    code, document = finished(going)
    assert (code, document["status"], document["error_code"]) == (10, "stopped", "stopped")
    assert held.status() == ("stopped", "stopped")
    assert held.carried_out("runs", "resume", "1")[0] == 8
    assert held.carried_out("runs", "resume", "1", "--on-uncertain", "done")[0] == 0
    assert effects(held.folder) == ["held", "after"]


def test_a_detached_run_is_watched_killed_and_resumed(held: Held) -> None:
    code, document = held.home.savant(held.folder, "run", "blocked", "--detach")
    assert (code, document["id"]) == (0, 1)
    wait_until(lambda: effects(held.folder) == ["held"], "the write has begun")
    watching = held.home.start(held.folder, "runs", "watch", "1")
    [worker] = [process for process in held.home.processes() if "savant.jobs" in process.cmdline()]
    held.kill(worker)
    code, document = finished(watching)
    assert (code, document["status"], document["alive"]) == (1, "running", False)

    assert held.home.savant(held.folder, "runs", "resume", "1", "--detach")[0] == 0
    code, document = held.home.savant(held.folder, "runs", "watch", "1")
    assert (code, document["error_code"]) == (8, "uncertain_step")
    held.let_go()
    assert held.home.savant(held.folder, "runs", "resume", "1", "--on-uncertain", "retry", "--detach")[0] == 0
    code, document = held.home.savant(held.folder, "runs", "watch", "1")
    assert (code, document["result"]) == (0, {"outputs": {"commits": 1}})
    assert effects(held.folder) == ["held", "held", "after"]
    wait_until(lambda: held.home.processes() == [], "the background process is gone")


def test_an_answer_is_for_what_was_asked(home: Installation, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "two", TWO_AT_ONCE)
    process = home.start(folder, "run", "two")
    wait_until(lambda: len(effects(folder)) == 2, "both writes have begun")
    kill(process, meanwhile=(folder / "go").touch)
    assert home.savant(folder, "runs", "resume", "1")[0] == 8
    code, document = home.savant(folder, "runs", "resume", "1", "--on-uncertain", "done")
    assert (code, document["error_code"]) == (8, "uncertain_step")
    asked = home.rows("SELECT path, status, decision FROM approvals ORDER BY id")
    assert asked == [("two/both.a", "approved", "done"), ("two/both.b", "pending", None)]
    assert home.savant(folder, "runs", "resume", "1", "--on-uncertain", "retry")[0] == 0
    assert sorted(effects(folder)) == ["a", "b", "b"]
