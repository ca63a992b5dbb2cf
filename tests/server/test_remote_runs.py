"""`savant run` against a server: it streams there, ends with the same codes, and is anybody's to answer and follow."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Result
from tests.served import PATIENCE, Served

pytestmark = pytest.mark.postgres
MODEL = """
turns:
  - {when: {goal: dear}, text: Dear., cost_usd: 5}
  - {when: {goal: slowly}, text: At last., delay: 2}
  - {when: {goal: endlessly}, text: Too late., delay: 60}
  - Hello from the server.
"""
FILES = {
    "agents/speaker": "name: Speaker\nvisibility: team\n",
    "workflows/talk": (
        "name: Talk\nvisibility: team\ninputs: {how: {type: string, default: quickly}}\n"
        'steps:\n  - {id: say, agent: speaker, goal: "Speak ${{ inputs.how }}"}\n'
        "outputs: {said: '${{ steps.say.output.text }}'}\n"
    ),
    "workflows/dear": (
        "name: Dear\nsteps:\n  - {id: one, agent: speaker, goal: Something dear}\n"
        "  - {id: two, agent: speaker, goal: Something dear}\n"
    ),
    "workflows/broken": "name: Broken\nsteps:\n  - {id: a, set: {x: '${{ 1 / 0 }}'}}\n",
    "workflows/careful": (
        "name: Careful\nvisibility: team\nsteps:\n  - {id: sure, approval: 'Release?'}\n"
        "  - {id: say, agent: speaker, goal: Speak}\noutputs: {said: '${{ steps.say.output.text }}'}\n"
    ),
}


@pytest.fixture(scope="module")
def bob(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Another owner, with no files at all."""
    return server.at(tmp_path_factory.mktemp("bob"), server.key())


def status(cli: Cli, run: int, *wanted: str) -> Result:
    """The run, once it is so."""
    deadline = time.monotonic() + PATIENCE
    while (shown := cli("runs", "show", str(run), "--json")).json["status"] not in wanted:
        assert time.monotonic() < deadline, shown.stdout
        time.sleep(0.2)
    return shown


def test_a_workflow_from_files_runs_there_and_is_told_here(ada: Cli, bob: Cli) -> None:
    ran = ada("run", "talk")
    assert (ran.code, "Hello from the server." in ran.stdout) == (0, True), ran.stderr
    assert "speaker" in ran.stderr, "its steps are told while it goes on"
    document = ada("run", "talk", "--json").json
    assert (document["status"], document["exit_code"], document["config"]["root"]) == ("completed", 0, None)
    events = ada("run", "talk", "--output", "jsonl").lines
    assert (events[0]["type"], events[-1]["type"], events[-1]["status"]) == ("init", "result", "completed")
    assert bob("run", "talk").code == 2, "what came along with a run stays with that run"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "broken"], 5),
        (["run", "dear", "--budget", "1"], 7),
        (["run", "careful"], 8),
        (["run", "careful", "--on-approval", "deny"], 9),
    ],
)
def test_the_exit_code_says_how_it_ended(ada: Cli, arguments: list[str], code: int) -> None:
    done = ada(*arguments)
    assert (done.code, done.stderr.count("error: ")) == (code, 1), done.stderr


def test_what_one_person_asks_another_answers_and_the_run_goes_on_by_itself(ada: Cli, bob: Cli) -> None:
    parked = ada("run", "careful", "--on-approval", "park", "--json")
    run, approval = parked.json["id"], str(parked.json["approval_id"])
    assert (parked.code, parked.json["status"]) == (8, "waiting")
    followed = bob("approvals", "approve", approval, "--json")
    assert (followed.code, followed.json["id"], followed.json["status"]) == (0, run, "completed")
    answered = ada("approvals", "show", approval, "--json").json
    assert (answered["status"], answered["run_id"]) == ("approved", run)

    parked = ada("run", "careful", "--on-approval", "park", "--json").json
    assert bob("approvals", "approve", str(parked["approval_id"]), "--no-resume").code == 0
    assert status(ada, parked["id"], "completed").json["result"] == {"outputs": {"said": "Hello from the server."}}
    again = bob("approvals", "approve", str(parked["approval_id"]))
    assert (again.code, "already approved" in again.stderr) == (2, True)

    parked = ada("run", "careful", "--on-approval", "park", "--json").json
    denied = bob("approvals", "deny", str(parked["approval_id"]), "--reason", "not today")
    assert (denied.code, "not today" in denied.stderr) == (9, True)


def test_a_run_is_left_going_watched_from_elsewhere_and_stopped(ada: Cli, bob: Cli) -> None:
    left = ada("run", "talk", "-i", "how=slowly", "--detach")
    run = left.stdout.strip()
    watched = bob("runs", "watch", run)
    assert (left.code, watched.code, "At last." in watched.stdout) == (0, 0, True), watched.stderr

    run = ada("run", "talk", "-i", "how=endlessly", "--detach").stdout.strip()
    watcher = bob.start("runs", "watch", run, "--json")
    status(ada, int(run), "running")
    assert ada("runs", "stop", run).code == 0
    told, _ = watcher.communicate(timeout=PATIENCE)
    stopped = json.loads(told)
    assert (watcher.returncode, stopped["status"]) == (stopped["exit_code"], "stopped")
    assert (ada("runs", "resume", run, "--detach").code, ada("runs", "stop", run).code) == (0, 0)


def test_a_recorded_run_is_read_again_there(ada: Cli, tmp_path: Path) -> None:
    first = ada("run", "talk", "--json").json["id"]
    replayed = ada("runs", "replay", str(first))
    assert replayed.code == 0, replayed.stderr
    forked = ada("runs", "fork", str(first), "--at", "talk/say", "--json")
    assert (forked.code, forked.json["status"]) == (0, "completed"), forked.stderr
    retried = ada("runs", "retry", str(first), "--json")
    assert (retried.code, retried.json["status"]) == (0, "completed"), retried.stderr
    assert ada("runs", "diff", str(first), str(retried.json["id"])).code == 0
    exported = ada("runs", "export", str(first))
    file = tmp_path / "run.json"
    file.write_text(exported.stdout)
    assert (exported.code, ada("runs", "import", str(file)).code) == (0, 0)
    assert ada("runs", "record", str(first), "--as", str(tmp_path / "talk.run.yaml")).code == 0
    tested = ada("test", str(tmp_path / "talk.run.yaml"))
    assert tested.code == 0, tested.stderr
