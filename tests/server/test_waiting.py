"""Who waits for a server is told why: nobody does its work, or others' work comes first."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Cli
from tests.conftest import postgres
from tests.served import PATIENCE, Served, served

pytestmark = pytest.mark.postgres
MODEL = """
turns:
  - {when: {goal: endlessly}, text: Too late., delay: 60}
  - Hello from the server.
"""


@pytest.fixture
def server(tmp_path: Path, postgres_admin: psycopg.Connection, postgres_template: str) -> Iterator[Served]:
    (tmp_path / "server").mkdir()
    for url in postgres(postgres_admin, postgres_template):
        with served(tmp_path / "server", url, MODEL) as opened:
            yield opened


@pytest.fixture
def ada(server: Served, tmp_path: Path) -> Cli:
    cli = server.at(tmp_path / "ada", server.key())
    cli.write(".savant/agents/speaker.yaml", "name: Speaker\n")
    return cli


def until(process: subprocess.Popen[str], text: str) -> str:
    """What a process says on stderr up to a line with this text in it."""
    assert process.stderr is not None
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    said = ""
    try:
        while text not in said and (line := process.stderr.readline()):
            said += line
    finally:
        timer.cancel()
    assert text in said, said
    return said


def test_a_run_and_an_index_say_that_no_worker_lives_and_go_on_once_one_does(server: Served, ada: Cli) -> None:
    queue = ada("jobs", "status")
    assert (queue.code, queue.stdout) == (0, "0 workers, 0 of 10 runs under way\n")
    assert "savant worker" in queue.stderr
    run = ada.start("run", "speaker", "Speak")
    until(run, "Run 1 waits. No worker of the server lives.")
    ada("repositories", "add", "https://127.0.0.1:1/none.git", "--name", "none")
    index = [ada.start("repositories", "index", "none"), ada.start("repositories", "index", "none")]
    for each in index:
        until(each, "The index of `none` waits. No worker of the server lives.")
    server.worker()
    said, _ = run.communicate(timeout=PATIENCE)
    assert (run.returncode, said) == (0, "Hello from the server.\n")
    for each in index:
        _, told = each.communicate(timeout=PATIENCE)
        assert each.returncode != 0
        assert told.count("error: ") == 1
    assert ada("jobs", "status").stdout == "1 workers, 0 of 10 runs under way\n"


def test_a_run_beyond_the_slots_says_what_it_waits_for(server: Served, ada: Cli) -> None:
    server.settings(run_slots=1)
    server.worker()
    going = ada("run", "speaker", "Speak endlessly", "--detach").stdout.strip()
    waiting = ada.start("run", "speaker", "Speak")
    until(waiting, "Run 2 waits for one to end: 1 of 1 runs of the workspace are under way")
    assert ada("runs", "stop", going).code == 0
    said, _ = waiting.communicate(timeout=PATIENCE)
    assert (waiting.returncode, said) == (0, "Hello from the server.\n")
