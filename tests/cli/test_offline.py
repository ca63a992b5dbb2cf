"""Replays and recorded tests in real processes that would tell, and fail, if they reached for a network or a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_replay import AGENT, WORKFLOW, project

assert project
# Loaded by every Python that starts with the folder on its path: no socket leaves it, and no process is started.
GUARD = """
import os, sys

REFUSED = {"socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.exec", "os.posix_spawn"}

def refuse(event, arguments):
    if event in REFUSED:
        with open(os.environ["REACHED_FOR"], "a") as file:
            file.write(f"{event} {arguments[:2]}\\n")
        raise OSError(f"{event} is refused here")

sys.addaudithook(refuse)
"""
REMOTE = {"OPENAI_API_KEY": "sk-none", "SAVANT_PROVIDERS_OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}


@pytest.fixture
def reached_for(project: Cli, tmp_path: Path) -> Path:
    """The file that says what was reached for, once something was; the project has its run 1."""
    project.write("../guard/sitecustomize.py", GUARD)
    file = tmp_path / "reached"
    project.env.update({"PYTHONPATH": str(tmp_path / "guard"), "REACHED_FOR": str(file)})
    return file


def test_the_guard_notices_a_run_that_asks_a_model(project: Cli, reached_for: Path) -> None:
    assert project("run", "look", "--model", "openai/gpt-5-mini", env=REMOTE).code != 0
    assert reached_for.read_text()


def test_replays_tests_and_differences_reach_for_nothing(project: Cli, reached_for: Path) -> None:
    assert project("runs", "replay", "1").code == 0
    assert project("runs", "record", "1", "--as", "tests/look.run.yaml").code == 0
    assert project("runs", "diff", "1", "1").code == 0
    assert project("test").code == 0
    assert not reached_for.exists()


def test_what_the_record_has_not_is_never_done(project: Cli, reached_for: Path) -> None:
    assert project("runs", "record", "1", "--as", "tests/look.run.yaml").code == 0
    agent = project.write(".savant/agents/reader.yaml", AGENT.replace("scripted/script.yaml", "openai/gpt-5-mini"))
    replay = project("runs", "replay", "1", "--from-definition", str(agent), env=REMOTE)
    assert (replay.code, "+model: openai/gpt-5-mini" in replay.stdout) == (6, True)
    assert project("test", env=REMOTE).code == 6
    more = WORKFLOW.replace("outputs:", "  - {id: put, tool: fs.write, with: {path: put.txt, text: put}}\noutputs:")
    workflow = project.write(".savant/workflows/look.yaml", more)
    agent.write_text(AGENT)
    replay = project("runs", "replay", "1", "--from-definition", str(workflow))
    assert (replay.code, "Step look/put is not in the record." in replay.stderr) == (6, True)
    assert project("test").code == 6
    assert not Path(project.folder, "put.txt").exists()
    assert not reached_for.exists()
