"""A day later, after a reboot: who asked is long gone, and so is all but the disk; the same runs go on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from tests.stories.installation import Installation, finished, kill, wait_until
from tests.stories.shapes import effects, project

TOMORROW = """
import datetime, sys
from savant import clock
today = clock.now
clock.now = lambda: today() + datetime.timedelta(days=1)
from savant.__main__ import main
main()
"""
ASKING = """
name: Asking
steps:
  - {id: before, tool: shell.run, with: {command: "echo before >> effects"}}
  - id: both
    parallel:
      - {id: ok, approval: Go on?}
      - {id: beside, tool: git.log}
  - {id: after, tool: shell.run, with: {command: "echo after >> effects"}}
outputs: {why: "${{ steps.ok.output.reason }}"}
"""
BLOCKED = """
name: Blocked
steps:
  - {id: held, tool: shell.run, with: {command: "echo held >> effects; while [ ! -e go ]; do sleep 0.02; done"}}
  - {id: after, tool: shell.run, with: {command: "echo after >> effects"}}
"""


class NextDay(Installation):
    """The same data on a machine that was started anew: another environment, and a clock that is a day further."""

    def start(self, folder: Path, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", TOMORROW, *arguments, "--json"],
            cwd=folder, env=self._environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        temporary = self.home.parent / "tmp of this boot"
        temporary.mkdir(exist_ok=True)
        return super()._environment() | {"TMPDIR": str(temporary), "HOME": str(temporary), "LANG": "C"}


def rebooted(home: Installation, tmp_path: Path) -> NextDay:
    """What is on the disk, and nothing else: no process, no lock, no shared memory of the database's."""
    assert home.processes() == []
    machine = tmp_path / "rebooted"
    shutil.copytree(home.home, machine / "home", ignore=shutil.ignore_patterns("*.lock", "*-shm", "*.pid", "*.sock"))
    url = make_url(home.database_url)
    if url.get_backend_name() == "sqlite":
        for name in (str(url.database), f"{url.database}-wal"):
            if Path(name).exists():
                shutil.copy(name, machine)
        url = url.set(database=str(machine / Path(str(url.database)).name))
    return NextDay(machine / "home", url.render_as_string(hide_password=False))


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Installation:
    (tmp_path / "home").mkdir()
    return Installation(tmp_path / "home", database_url)


def pending(home: Installation, folder: Path) -> Any:
    [asked] = home.savant(folder, "approvals", "list")[1]["items"]
    return asked


def test_a_parked_run_is_answered_the_next_day(home: Installation, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    folder = project(tmp_path / "work", "asking", ASKING)
    code, parked = home.savant(folder, "run", "asking", "--on-approval", "park")
    assert code == 8, parked
    assert (code, parked["status"], effects(folder)) == (8, "waiting", ["before"])
    assert home.rows("SELECT lease_holder, lease_expires_at FROM runs") == [(None, None)]
    later = rebooted(home, tmp_path)
    asked = pending(later, folder)
    assert (asked["run_id"], asked["question"]) == (parked["id"], "asking/both.ok asks: Go on?")
    code, run = later.savant(folder, "approvals", "approve", str(asked["id"]), "--reason", "It is tomorrow.")
    assert (code, run["id"], run["status"]) == (0, parked["id"], "completed")
    assert run["result"] == {"outputs": {"why": "It is tomorrow."}}
    assert effects(folder) == ["before", "after"]
    [(started, completed)] = later.rows("SELECT CAST(started_at AS TEXT), CAST(completed_at AS TEXT) FROM runs")
    assert completed[:10] > started[:10]
    later.close()


@pytest.mark.parametrize(("answer", "held"), [("--done", 1), (None, 2)], ids=["done", "again"])
def test_a_write_that_the_reboot_cut_short_is_asked_about_the_next_day(
    home: Installation, tmp_path: Path, answer: str | None, held: int
) -> None:
    """Who held the run is dead, and its number is that of another process by now."""
    (tmp_path / "work").mkdir()
    folder = project(tmp_path / "work", "blocked", BLOCKED)
    going = home.start(folder, "run", "blocked")
    wait_until(lambda: effects(folder) == ["held"], "the write has begun")
    os.kill(going.pid, signal.SIGSTOP)
    kill(going, meanwhile=(folder / "go").touch)
    host, _, _ = home.value("SELECT lease_holder FROM runs").rsplit(":", 2)
    home.rows(f"UPDATE runs SET lease_holder = '{host}:{os.getpid()}:17' RETURNING id")
    later = rebooted(home, tmp_path)
    code, run = finished(later.start(folder, "runs", "resume", "1"))
    assert (code, run["status"], run["error_code"]) == (8, "waiting", "uncertain_step")
    asked = pending(later, folder)
    assert (asked["kind"], asked["run_id"]) == ("uncertain_step", 1)
    options = [answer] if answer else []
    code, run = later.savant(folder, "approvals", "approve", str(asked["id"]), *options)
    assert (code, run["id"], run["status"]) == (0, 1, "completed")
    assert effects(folder) == ["held"] * held + ["after"]
    later.close()
