"""A stranger's day at a terminal: an agent is written, refused a tool, allowed it, runs out of money, and finishes."""

from __future__ import annotations

from savant.errors import ExitCode
from tests.cli.conftest import Cli, env, savant  # noqa: F401  (fixtures)

# The model wants to write; told no, it says so; told yes, it goes on, at a quarter of a dollar a turn.
SCRIPT = """
turns:
  - text: Let me look.
    tools: [{name: fs.read, arguments: {path: README.md}}]
    cost_usd: 0.25
    usage: {input_tokens: 900, output_tokens: 40}
  - text: I shall write it down.
    tools: [{name: fs.write, arguments: {path: SUMMARY.md, text: "It is a project about tea."}}]
    cost_usd: 0.25
    usage: {input_tokens: 950, output_tokens: 40}
  - {when: Not without asking me, text: Then I leave it., cost_usd: 0.25, usage: {input_tokens: 990, output_tokens: 9}}
  - {text: The summary is in SUMMARY.md., cost_usd: 0.25, usage: {input_tokens: 990, output_tokens: 9}}
"""


def test_a_strangers_day(savant: Cli) -> None:  # noqa: F811
    savant.write("README.md", "# Tea\n\nHow to make it.\n")
    savant.write("script.yaml", SCRIPT)

    # Write an agent, and see what it would read and do before it costs anything.
    made = savant.on_terminal(
        "agents", "create", "Summarizer", "--prompt", "Sum up the project.", "--allow", "fs.read", "--ask", "fs.write",
        "--model", "scripted/script.yaml",
    )  # fmt: skip
    assert (made.code, "Stored agent `summarizer`" in made.stdout) == (ExitCode.DONE, True)
    prompt = savant.on_terminal("agents", "prompt", "summarizer", "Sum it up.")
    assert "Sum up the project." in prompt.stdout and "about " in prompt.stdout
    plan = savant.on_terminal("plan", "summarizer")
    assert plan.code == ExitCode.DONE
    assert "before it calls fs.write" in plan.stdout and "never run" in plan.stdout

    # It is refused the tool, with a reason, and the run is no success.
    refused = savant.on_terminal(
        "run", "summarizer", "Sum it up.", answers=[("[a]pprove", "d"), ("Why?", "Not without asking me first.")]
    )
    assert refused.code == ExitCode.POLICY_DENIED, refused.stdout
    assert "SUMMARY.md" in refused.stdout, "the person sees what would be written"
    assert not (savant.folder / "SUMMARY.md").exists()
    assert "Not without asking me" in str(savant("runs", "show", "1", "--json").json["steps"])

    # Another time it is parked, while nobody is there ...
    assert savant("budget", "set", "1.1", "--per", "day").code == ExitCode.DONE
    parked = savant("run", "summarizer", "Sum it up.", "--on-approval", "park", "--json")
    assert (parked.code, parked.json["status"]) == (ExitCode.APPROVAL_NEEDED, "waiting")
    listed = savant.on_terminal("approvals", "list")
    assert "fs.write" in listed.stdout

    # ... and approved later. Then the day's money is gone: 0.75 for the first run, 0.50 for this one so far.
    approved = savant.on_terminal("approvals", "approve", str(parked.json["approval_id"]), "--reason", "Go ahead.")
    assert approved.code == ExitCode.LIMIT, approved.stdout
    assert "savant budget set USD --per day" in " ".join(approved.stdout.split())
    assert (savant.folder / "SUMMARY.md").read_text() == "It is a project about tea."
    budget = savant.on_terminal("budget", "list")
    assert "$1.25" in budget.stdout

    # The budget is raised, the same run goes on, and nothing is done or paid twice.
    assert savant.on_terminal("budget", "set", "5", "--per", "day").code == ExitCode.DONE
    finished = savant.on_terminal("runs", "resume", "2")
    assert (finished.code, "The summary is in SUMMARY.md." in finished.stdout) == (ExitCode.DONE, True)
    run = savant("runs", "show", "2", "--json").json
    assert (run["status"], run["attempts"], run["cost_usd"]) == ("completed", 3, 0.75)
    writes = [step for step in run["steps"] if step["tool_name"] == "fs.write" and step["type"] == "tool"]
    assert [step["status"] for step in writes] == ["completed"]
    assert [row["spent_usd"] for row in savant("budget", "list", "--json").json["items"]] == [1.5]
    assert "cost  $0.75 to $0.75" in savant.on_terminal("plan", "summarizer").stdout
    assert "Nothing waits" in savant.on_terminal("approvals", "list").stdout
