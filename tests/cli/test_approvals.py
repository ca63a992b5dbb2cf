"""`savant approvals`, in real processes: what one process parked, another answers."""

from __future__ import annotations

import pytest

from savant.errors import ExitCode
from tests.cli.conftest import Cli

SCRIPT = """
turns:
  - {tools: [{name: fs.write, arguments: {path: made.txt, text: hello}}]}
  - {when: It is Friday, text: Then not today.}
  - Written.
"""
AGENT = 'name: Helper\ntools: {allow: ["fs.read"], ask: ["fs.write"]}\nconfig: {llm_model: scripted/script.yaml}\n'


@pytest.fixture
def parked(savant: Cli) -> Cli:
    """A project with a run that waits for an answer to approval 1."""
    savant.write("script.yaml", SCRIPT)
    savant.write(".savant/agents/helper.yaml", AGENT)
    result = savant("run", "helper", "Write it.", "--on-approval", "park", "--json")
    assert result.code == ExitCode.APPROVAL_NEEDED
    assert (result.json["status"], result.json["approval_id"]) == ("waiting", 1)
    assert "savant approvals approve 1" in result.stderr
    return savant


def test_listed_shown_and_approved(parked: Cli) -> None:
    listed = parked("approvals", "list")
    assert "fs.write" in listed.stdout
    assert parked("approvals", "list", "--json").json["items"][0]["run_id"] == 1
    shown = parked("approvals", "show", "1")
    assert "made.txt" in shown.stdout
    assert "savant approvals approve 1" in shown.stderr

    approved = parked("approvals", "approve", "1")
    assert (approved.code, approved.stdout) == (ExitCode.DONE, "Written.\n")
    assert (parked.folder / "made.txt").read_text() == "hello"
    assert "Nothing waits" in parked("approvals", "list").stderr
    assert parked("approvals", "list", "--all", "--json").json["items"][0]["status"] == "approved"
    assert parked("runs", "show", "1", "--json").json["attempts"] == 2


def test_denied_with_a_reason(parked: Cli) -> None:
    denied = parked("approvals", "deny", "1", "--reason", "It is Friday.", "--json")
    assert (denied.code, denied.json["id"], denied.json["error_code"]) == (ExitCode.POLICY_DENIED, 1, "policy_denied")
    assert "Then not today" in str(parked("runs", "steps", "1", "--json").json)
    assert not (parked.folder / "made.txt").exists()


def test_answered_now_and_resumed_later(parked: Cli) -> None:
    answered = parked("approvals", "approve", "1", "--no-resume", "--json")
    assert (answered.code, answered.json["decision"]) == (ExitCode.DONE, "approve")
    assert not (parked.folder / "made.txt").exists()
    assert parked("approvals", "approve", "1").code == ExitCode.USAGE
    assert parked("runs", "resume", "1").stdout == "Written.\n"


def test_answered_and_left_going(parked: Cli) -> None:
    assert parked("approvals", "approve", "1", "--detach").code == ExitCode.DONE
    assert parked("runs", "watch", "1").stdout == "Written.\n"


def test_events_of_the_run_that_goes_on(parked: Cli) -> None:
    lines = parked("approvals", "approve", "1", "--output", "jsonl").lines
    assert (lines[0]["type"], lines[0]["run_id"]) == ("init", 1)
    assert (lines[-1]["type"], lines[-1]["status"], lines[-1]["approval_id"]) == ("result", "completed", None)


def test_what_is_not_there(parked: Cli) -> None:
    assert parked("approvals", "show", "7").code == ExitCode.USAGE
    assert "no approval 7" in parked("approvals", "deny", "7").stderr


@pytest.mark.parametrize(
    ("mode", "code", "status"),
    [
        ([], ExitCode.APPROVAL_NEEDED, "failed"),
        (["--on-approval", "fail"], ExitCode.APPROVAL_NEEDED, "failed"),
        (["--on-approval", "ask"], ExitCode.APPROVAL_NEEDED, "waiting"),
        (["--on-approval", "park"], ExitCode.APPROVAL_NEEDED, "waiting"),
        (["--on-approval", "deny"], ExitCode.POLICY_DENIED, "failed"),
    ],
)
def test_without_a_terminal_nothing_waits_for_a_key(savant: Cli, mode: list[str], code: ExitCode, status: str) -> None:
    savant.write("flow.yaml", 'name: Flow\nsteps: [{id: ok, approval: "Go on?"}]\n')
    result = savant("run", "flow.yaml", *mode, "--json")
    assert (result.code, result.json["status"]) == (code, status)


def test_a_resume_on_a_terminal_asks_what_nobody_was_there_to_answer(savant: Cli) -> None:
    savant.write(
        "flow.yaml", 'name: Flow\nsteps: [{id: ok, approval: "Go on?"}]\noutputs: {why: "${{ steps.ok.output }}"}\n'
    )
    assert savant("run", "flow.yaml").code == ExitCode.APPROVAL_NEEDED
    result = savant.on_terminal("runs", "resume", "1", answers=[("[a]pprove", "a")])
    assert result.code == ExitCode.DONE, result.stdout
    assert "asks: Go on?" in result.stdout
