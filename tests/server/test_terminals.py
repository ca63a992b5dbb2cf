"""A person at a terminal before a server: asked in the middle of a run, interrupted, and cut off from the server."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.served import PATIENCE, Served
from tests.server.test_waiting import until

pytestmark = pytest.mark.postgres
MODEL = """
turns:
  - {when: {goal: slowly}, text: At last., delay: 4}
  - Hello from the server.
"""
FILES = {
    "agents/speaker": "name: Speaker\nvisibility: team\n",
    "workflows/careful": (
        "name: Careful\nvisibility: team\nsteps:\n  - {id: first, agent: speaker, goal: Begin}\n"
        "  - {id: sure, approval: 'Release?'}\n  - {id: last, agent: speaker, goal: Speak}\n"
        "outputs: {said: '${{ steps.last.output.text }}'}\n"
    ),
    "workflows/slow": (
        "name: Slow\nsteps:\n  - {id: first, agent: speaker, goal: Begin}\n"
        "  - {id: last, agent: speaker, goal: Speak slowly}\noutputs: {said: '${{ steps.last.output.text }}'}\n"
    ),
}


def test_an_approval_is_asked_for_on_the_terminal_and_nothing_is_told_twice(ada: Cli) -> None:
    ran = ada.on_terminal("run", "careful", answers=[("leave it waiting?", "a")])
    assert ran.code == 0, ran.stdout
    assert "Hello from the server." in ran.stdout
    after = ran.stdout.split("leave it waiting?")[1]
    assert "last" in after
    assert "first" not in after, after


def test_a_denial_ends_it_and_an_open_question_leaves_it_waiting(ada: Cli) -> None:
    denied = ada.on_terminal("run", "careful", answers=[("leave it waiting?", "d"), ("Why?", "not today")])
    assert (denied.code, "not today" in denied.stdout) == (9, True), denied.stdout
    left = ada.on_terminal("run", "careful", answers=[("leave it waiting?", "")])
    assert left.code == 8, left.stdout


def test_a_question_that_somebody_else_answers_meanwhile_is_no_failure(
    ada: Cli, server: Served, tmp_path: Path
) -> None:
    grace = server.at(tmp_path / "grace", server.key())

    def approve() -> str:
        (waiting,) = grace("approvals", "list", "--json").json["items"][:1]
        assert grace("approvals", "approve", str(waiting["id"]), "--no-resume").code == 0
        return "a"

    ran = ada.on_terminal("run", "careful", answers=[("leave it waiting?", approve)])
    assert ran.code == 0, ran.stdout
    assert "already approved" in ran.stdout


def test_ctrl_c_leaves_the_run_going(ada: Cli) -> None:
    left = ada.on_terminal("run", "slow", send=("last", signal.SIGINT))
    assert left.code == 130
    (run,) = set(re.findall(r"savant runs watch (\d+)", left.stdout))
    watched = ada("runs", "watch", run)
    assert (watched.code, watched.stdout) == (0, "At last.\n"), watched.stderr


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_comes_back_is_followed_on(ada: Cli, server: Served, stop: signal.Signals) -> None:
    follower = ada.start("run", "slow")
    seen = until(follower, "✓ slow/first ")
    server.stop(stop)
    time.sleep(1.0)
    server.start()
    said, more = follower.communicate(timeout=PATIENCE)
    assert (follower.returncode, said) == (0, "At last.\n"), more
    assert [(seen + more).count(f"✓ slow/{name} ") for name in ("first", "last")] == [1, 1], seen + more
