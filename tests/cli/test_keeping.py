"""Locks, room and backups in real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Cli
from tests.cli.test_replay import AGENT, project

assert project


def test_a_lock_is_stable_and_says_what_drifted(project: Cli) -> None:
    missing = project("lock", "--check")
    assert (missing.code, "savant lock" in missing.stderr) == (2, True)
    assert project("lock").code == 0
    file = Path(project.folder, "savant.lock")
    text = file.read_text()
    assert project("lock").code == 0
    assert file.read_text() == text
    lock = json.loads(text)
    assert lock["agents"]["reader"]["model"] == "scripted/script.yaml"
    assert "fs.list" in lock["tools"]
    assert project("lock", "--check").code == 0
    project.write(".savant/agents/reader.yaml", AGENT.replace("care", "love").replace("script.yaml", "other.yaml"))
    drift = project("lock", "--check")
    assert drift.code == 6
    assert drift.stdout.splitlines() == [
        "agents.reader.model changed from scripted/script.yaml to scripted/other.yaml",
        "agents.reader.prompt changed",
    ]
    assert file.read_text() == text


def test_a_lock_is_the_same_anywhere_and_every_part_of_it_can_drift(project: Cli, tmp_path: Path) -> None:
    project.write(".savant/personas/calm.yaml", "name: Calm\ninstructions: Be calm.\n")
    project.write(".savant/rulesets/style.yaml", "name: Style\nrules: [Be brief.]\n")
    project.write(".savant/agents/reader.yaml", AGENT + "persona: calm\nrulesets: [style]\n")
    assert project("lock").code == 0
    file = Path(project.folder, "savant.lock")
    there = shutil.copytree(project.folder, tmp_path / "another" / "place")
    Path(there, "savant.lock").unlink()
    agent = Path(there, ".savant/agents/reader.yaml")
    agent.write_text("".join(sorted(agent.read_text().splitlines(keepends=True))))  # the order of keys says nothing
    elsewhere = Cli(there, {**project.env, "SAVANT_HOME": str(tmp_path / "other"), "HOME": str(tmp_path / "other")})
    assert elsewhere("lock").code == 0
    assert Path(there, "savant.lock").read_bytes() == file.read_bytes()
    lock = json.loads(file.read_text())
    lock["mcp_servers"]["github"] = "1.2.0"
    lock["prices"] = "2020-01-01"
    lock["tools"]["fs.list"] = "0" * 64
    file.write_text(json.dumps(lock))
    project.write(".savant/personas/calm.yaml", "name: Calm\ninstructions: Be very calm.\n")
    project.write(".savant/rulesets/style.yaml", "name: Style\nrules: [Be long.]\n")
    drift = project("lock", "--check", "--json")
    assert drift.code == 6
    named = [line.partition(" changed")[0] for line in drift.json["drift"]]
    assert named == [
        "agents.reader.prompt", "mcp_servers.github is gone", "personas.calm", "prices", "rulesets.style",
        "tools.fs.list",
    ]  # fmt: skip


def test_room_is_made(project: Cli) -> None:
    assert project("run", "look").code == 0
    would = project("gc", "--keep", "0s", "--pin", "1", "--dry-run", "--json").json
    assert (would["runs"], would["pinned"]) == ([2], [1])
    assert project("gc", "--keep", "0s", "--dry-run", "--json").json["runs"] == [1, 2]
    done = project("gc", "--keep", "0s", "--pin", "1", "--json")
    assert (done.code, done.json["runs"]) == (0, [2])
    assert [run["id"] for run in project("runs", "list", "--json").json["items"]] == [1]
    assert project("gc", "--keep", "soon").code == 2
    assert project("gc", "--max", "2 parsecs").code == 2


def test_a_database_is_checked_backed_up_and_restored(project: Cli, env: dict[str, str]) -> None:
    assert project("db", "check").code == 0
    assert project("db", "backup", "copy.db").code == 0
    assert project("db", "backup", "copy.db").code == 2
    assert project("runs", "delete", "1", "--yes").code == 0
    assert project("db", "restore", "copy.db").code == 2
    restored = project("db", "restore", "copy.db", "--yes")
    assert restored.code == 0, restored.stderr
    assert project("runs", "replay", "1").code == 0
    assert [place.name for place in Path(env["SAVANT_HOME"]).glob("savant.db.before-*")]
    project.write("not.db", "this is no database, and long enough to be taken for one")
    assert project("db", "restore", "not.db", "--yes").code == 2
    database = Path(env["SAVANT_HOME"], "savant.db")
    content = bytearray(database.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    for place in database.parent.glob("savant.db-*"):
        place.unlink()
    database.write_bytes(content)
    damaged = project("db", "check")
    assert damaged.code != 0
    assert "error:" in damaged.stderr
