"""A team's day: two people and a CI key, one run followed from two terminals, a worker killed, an approval."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from savant.errors import ExitCode
from tests.cli.conftest import Cli
from tests.conftest import postgres
from tests.served import PATIENCE, Served, served

pytestmark = pytest.mark.postgres
MODEL = """
turns:
  - {when: {goal: Consider}, text: I have considered it., delay: 3}
  - It is fine.
"""
AGENT = "name: Reviewer\nvisibility: team\ndriver_prompt: You look at releases.\n"
WORKFLOW = """
name: Release
steps:
  - {id: look, agent: reviewer, goal: Look at it}
  - {id: consider, agent: reviewer, goal: Consider it}
  - {id: sure, approval: "Release it?"}
  - {id: tell, agent: reviewer, goal: Tell the others}
outputs: {told: "${{ steps.tell.output.text }}"}
visibility: team
"""
PASSWORD = "four random words"


@pytest.fixture
def server(tmp_path: Path, postgres_admin: psycopg.Connection, postgres_template: str) -> Iterator[Served]:
    (tmp_path / "server").mkdir()
    for url in postgres(postgres_admin, postgres_template):
        with served(tmp_path / "server", url, MODEL) as opened:
            yield opened


def test_a_teams_day(server: Served, tmp_path: Path) -> None:
    first = server.worker()
    ada, grace = server.at(tmp_path / "ada", server.key()), server.at(tmp_path / "grace", None)

    # Ada's team has a name from now on. She asks Grace in, who signs in with a password of her own.
    done(ada, "teams", "edit", "local", "--name", "Acme")
    token = done(ada, "members", "add", "grace@example.org").strip()
    done(grace, "invitations", "accept", server.url, token, "--email", "grace@example.org", input=PASSWORD)
    done(grace, "login", server.url, "--email", "grace@example.org", input=PASSWORD)

    # What Ada has in files, the team has from now on; a machine may run it, and do nothing else.
    ada.write(".savant/agents/reviewer.yaml", AGENT)
    ada.write(".savant/workflows/release.yaml", WORKFLOW)
    done(ada, "apply", "--yes")
    done(ada, "shares", "create", "workflow", "release", "--with", "team", "--may", "execute")
    scopes = ["--scope", "runs:execute", "--scope", "runs:read", "--scope", "workflows:read", "--scope", "agents:read"]
    ci = server.at(tmp_path / "ci", done(ada, "keys", "create", "ci", *scopes).strip())
    assert ci("audit", "list").code == ExitCode.DENIED

    # CI starts a run and leaves it; both watch it, and it survives the worker that had it.
    run = done(ci, "run", "release", "--on-approval", "park", "--detach").strip()
    terminals = [each.start("runs", "watch", run, "--output", "jsonl") for each in (ada, grace)]
    until_considered(ada, run)
    first.kill()
    server.worker()
    told = [watched(each) for each in terminals]
    assert [code for code, _ in told] == [ExitCode.APPROVAL_NEEDED] * 2, told
    assert told[0][1] == told[1][1]
    assert "run.resumed" in told[0][1]

    # It waits for somebody, and Grace is the one.
    waiting = ci("runs", "show", run, "--json").json
    assert (waiting["status"], waiting["attempts"]) == ("waiting", 2)
    approved = grace("approvals", "approve", str(waiting["approval_id"]), "--reason", "Looks good.")
    assert (approved.code, "It is fine." in approved.stdout) == (ExitCode.DONE, True), approved.stderr
    shown = ci("runs", "show", run, "--json").json
    assert (shown["status"], shown["result"]) == ("completed", {"outputs": {"told": "It is fine."}})
    completed = [step["path"] for step in shown["steps"] if step["status"] == "completed"]
    assert len(completed) == len(set(completed)), "nothing was done twice"

    assert_told(ada, grace)


def assert_told(ada: Cli, grace: Cli) -> None:
    """The audit log says of everything who did it, and with which key."""
    assert grace("audit", "list").code == ExitCode.DENIED
    log = ada("audit", "export", "--json").json
    me, her = (each("whoami", "--json").json["me"]["user_id"] for each in (ada, grace))
    did = {(entry["action"], entry["user_id"]) for entry in log}
    assert did >= {
        ("teams.update", me), ("members.add", me), ("invitations.accept", her), ("definitions.apply", me),
        ("shares.create", me), ("api_keys.create", me), ("runs.start", me), ("approvals.approve", her),
    }  # fmt: skip
    by_ci = next(entry for entry in log if entry["action"] == "runs.start")
    made = next(entry for entry in log if entry["action"] == "api_keys.create" and entry["user_id"] == me)
    assert by_ci["details"]["api_key_id"] == made["resource_id"]
    assert all(entry["ip_address"] == "127.0.0.1" for entry in log)


def done(cli: Cli, *arguments: str, input: str = "") -> str:
    result = cli(*arguments, input=input)
    assert result.code == ExitCode.DONE, result.stderr
    return result.stdout


def until_considered(cli: Cli, run: str) -> None:
    """The first answer is recorded, and the second is under way."""
    deadline = time.monotonic() + PATIENCE
    while not any("consider/" in each["path"] for each in cli("runs", "steps", run, "--json").json["items"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def watched(terminal: subprocess.Popen[str]) -> tuple[int, list[Any]]:
    """The exit code of a terminal, and the events of the run that it was told, by type."""
    out, errors = terminal.communicate(timeout=PATIENCE)
    assert out, errors
    return terminal.returncode, [json.loads(line)["type"] for line in out.splitlines()][1:-1]
