"""Runs kept as tests, replayed in real processes that can reach nothing."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.cli.conftest import Cli
from tests.cli.test_replay import AGENT, SCRIPT, WORKFLOW, project

assert project
TOKEN = "ghp_" + "a1B2c3D4e5" * 4
FILE = "tests/look.run.yaml"


@pytest.fixture
def recorded(project: Cli) -> Cli:
    """A project whose run read a secret and an address, recorded as a test."""
    project.write("notes.txt", f"hello from ada@corp.example, key {TOKEN}, password: hunter2hunter2")
    project.write("script.yaml", SCRIPT.replace("say hello", f"say {TOKEN} to ada@corp.example"))
    assert project("run", "look", "-i", "who=bob@corp.example").code == 0
    done = project("runs", "record", "2", "--as", FILE)
    assert done.code == 0, done.stderr
    for name in ("script.yaml", "notes.txt"):
        Path(project.folder, name).unlink()
    return project


def test_a_recorded_test_passes_with_nothing_but_its_file(recorded: Cli, env: dict[str, str], tmp_path: Path) -> None:
    done = recorded("test", env={"SAVANT_HOME": str(tmp_path / "another")})
    assert (done.code, done.stdout) == (0, f"passed  {FILE}\n"), done.stdout
    assert not (tmp_path / "another" / "savant.db").exists()


def test_nothing_secret_is_in_the_file_and_it_is_small_and_stable(recorded: Cli) -> None:
    file = Path(recorded.folder, FILE)
    text = file.read_text()
    for secret in (TOKEN, "corp.example", "hunter2", str(recorded.folder), str(Path.home())):
        assert secret not in text
    assert "[secret-1]" in text and "person-1@example.com" in text
    document = yaml.safe_load(text)
    assert (document["savant"], document["format"], document["redacted"]) == ("run", 1, True)
    assert recorded("runs", "record", "2", "--as", FILE).code == 0
    assert file.read_text() == text
    assert recorded("runs", "record", "2", "--as", "tests/again.run.json").code == 0
    assert recorded("test").code == 0


def test_a_rule_can_be_added(recorded: Cli) -> None:
    assert recorded("runs", "record", "2", "--as", FILE, "--redact", "hello => [greeting]").code == 0
    recorded.write(".savant/redactions", "# names\nnotes\\.txt\n")
    text = Path(recorded.folder, FILE).read_text()
    assert "[greeting]" in text and "hello from" not in text
    assert recorded("runs", "record", "2", "--as", FILE).code == 0
    assert "notes.txt" not in Path(recorded.folder, FILE).read_text()
    assert recorded("test").code == 0, recorded("test").stdout


def test_a_changed_prompt_exits_6_and_shows_the_change_and_update_accepts_it(recorded: Cli) -> None:
    recorded.write(".savant/agents/reader.yaml", AGENT.replace("care", "love"))
    recorded.write(".savant/agents/stranger.yaml", "name: Stranger\n")
    done = recorded("test", FILE)
    assert done.code == 6
    assert "diverged" in done.stdout and "-Read with care." in done.stdout and "+Read with love." in done.stdout
    assert "1 of 1 recorded tests did not pass" in done.stderr
    before = Path(recorded.folder, FILE).read_text()
    assert recorded("test", "--update").code == 2
    declined = recorded.on_terminal("test", "--update", answers=[("[y/N]", "n")])
    assert (declined.code, Path(recorded.folder, FILE).read_text()) == (6, before)
    accepted = recorded.on_terminal("test", "--update", answers=[("[y/N]", "y")])
    assert accepted.code == 0, accepted.stdout
    after = Path(recorded.folder, FILE).read_text()
    assert "Read with love." in after and "Stranger" not in after
    assert len(after.splitlines()) == len(before.splitlines())
    assert recorded("test").code == 0


def test_another_course_cannot_be_updated_offline(recorded: Cli) -> None:
    more = WORKFLOW.replace("steps:\n", "steps:\n  - {id: first, tool: fs.list}\n")
    recorded.write(".savant/workflows/look.yaml", more)
    done = recorded("test", "--update", "--yes")
    assert done.code == 6
    assert "Step look/first is not in the record." in done.stdout
    assert "Run it anew" in done.stderr


EXPECTATIONS = [
    ("status: failed", "status: expected failed, not completed"),
    ("contains: [goodbye]", "'goodbye' is not in the result"),
    ("lacks: [notes]", "'notes' is in the result"),
    ("schema: {type: object, required: [count]}", "schema: "),
    ('expression: ["steps > 90"]', "steps > 90 does not hold"),
    ("max_steps: 2", "more than 2"),
    ("called: [git.*]", "git.* was never called"),
    ("never_called: [fs.read]", "fs.read was called"),
]


@pytest.mark.parametrize(("expect", "said"), EXPECTATIONS)
def test_an_assertion_that_fails_exits_6_and_says_which(recorded: Cli, expect: str, said: str) -> None:
    file = Path(recorded.folder, FILE)
    file.write_text(file.read_text().replace("expect:\n  status: completed\n", f"expect:\n  {expect}\n"))
    done = recorded("test")
    assert done.code == 6
    assert said in done.stdout


def test_assertions_that_hold_pass_and_are_kept_when_recorded_anew(recorded: Cli) -> None:
    file = Path(recorded.folder, FILE)
    expect = (
        "expect:\n  contains: [notes]\n  schema: {type: object, required: [text]}\n  max_cost: 0.5\n  max_steps: 20\n"
        "  expression: [\"status == 'completed' and 'fs.read' in tools\"]\n"
        + "  called: [fs.*]\n  never_called: [fs.write]\n"
    )
    file.write_text(file.read_text().replace("expect:\n  status: completed\n", expect))
    assert recorded("test").code == 0, recorded("test").stdout
    recorded("runs", "record", "2", "--as", FILE)
    assert yaml.safe_load(file.read_text())["expect"]["max_steps"] == 20


def test_junit_and_json_tell_the_same(recorded: Cli) -> None:
    recorded.write("tests/broken.run.yaml", "savant: run\nformat: 99\n")
    recorded.write(".savant/agents/reader.yaml", AGENT.replace("care", "love"))
    junit = recorded("test", "--output", "junit")
    assert junit.code == 6
    suite = ElementTree.fromstring(junit.stdout)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")
    assert [case.get("name") for case in suite] == ["tests/broken.run.yaml", FILE]
    verdicts = {item["file"]: item["verdict"] for item in recorded("test", "--json").json["items"]}
    assert verdicts == {"tests/broken.run.yaml": "broken", FILE: "diverged"}


def test_many_tests_are_shared_among_processes(recorded: Cli) -> None:
    text = Path(recorded.folder, FILE).read_text()
    for number in range(12):
        recorded.write(f"tests/copy-{number:02}.run.yaml", text)
    done = recorded("test")
    assert (done.code, len(done.stdout.splitlines())) == (0, 13)


def test_no_tests_is_no_success(project: Cli) -> None:
    done = project("test")
    assert done.code == 2
    assert "There are no recorded tests." in done.stderr


def test_a_run_travels_to_another_machine(recorded: Cli, tmp_path: Path) -> None:
    shown = recorded("runs", "export", "2")
    assert TOKEN in shown.stdout
    file = tmp_path / "run-2.json"
    file.write_text(shown.stdout)
    other = {"SAVANT_HOME": str(tmp_path / "another")}
    done = recorded("runs", "import", str(file), env=other)
    assert (done.code, done.stdout) == (0, "1\n"), done.stderr
    mine, theirs = recorded("runs", "show", "2", "--json").json, recorded("runs", "show", "1", "--json", env=other).json
    assert theirs["steps"] == mine["steps"]
    assert theirs["result"] == mine["result"]
    assert recorded("runs", "replay", "1", env=other).code == 0
    assert recorded("runs", "import", FILE, env=other).code == 0
    diff = recorded("runs", "diff", "1", "2", "--json", env=other)
    assert diff.code == 0
    events = recorded("runs", "traces", "1", "--json", env=other).json["items"]
    assert [event["event_type"] for event in events][-1] == "run.completed"
    damaged = json.loads(shown.stdout)
    key = next(iter(damaged["blobs"]))
    damaged["blobs"][key] = "something else"
    file.write_text(json.dumps(damaged))
    refused = recorded("runs", "import", str(file), env=other)
    assert refused.code == 2
    assert "is not what it says" in refused.stderr
