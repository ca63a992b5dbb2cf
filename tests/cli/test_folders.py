"""Definitions between a folder and the workspace: diff and export, with a plan first and nothing deleted."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli


def test_files_and_workspace_are_compared_line_by_line(started: Cli) -> None:
    assert started("apply").code == 0
    same = started("diff", "--exit-code", "--json")
    assert (same.code, same.json["items"]) == (0, [])
    assert "the same" in same.stderr
    reviewer = started.folder / ".savant" / "agents" / "reviewer.yaml"
    reviewer.write_text(reviewer.read_text() + "tags: [changed]\n")
    started("personas", "create", "Extra", "--set", "instructions=Be extra.")
    parted = started("diff", "--exit-code")
    assert parted.code == 6
    assert "agent reviewer: differs" in parted.stdout
    assert "+  - changed" in parted.stdout.splitlines()
    assert "persona extra: only in the workspace" in parted.stdout
    only = started("diff", "-f", str(reviewer), "--json")
    assert (only.code, [item["slug"] for item in only.json["items"]]) == (0, ["reviewer"])


def test_an_export_writes_what_is_new_asks_before_it_overwrites_and_deletes_nothing(started: Cli) -> None:
    started("apply")
    started("personas", "create", "Extra", "--set", "instructions=Be extra.")
    reviewer = started.folder / ".savant" / "agents" / "reviewer.yaml"
    before = reviewer.read_text()
    plan = started("export", "--dry-run", "--json").json
    assert plan["written"] is False
    assert [item["slug"] for item in plan["items"] if item["action"] != "unchanged"] == ["extra"]
    assert not (started.folder / ".savant" / "personas" / "extra.yaml").exists()
    assert started("export").code == 0
    assert "Be extra." in (started.folder / ".savant" / "personas" / "extra.yaml").read_text()
    assert reviewer.read_text() == before
    reviewer.write_text(before + "tags: [mine]\n")
    (started.folder / ".savant" / "personas" / "own.yaml").write_text("name: Own\ninstructions: Mine.\n")
    refused = started("export")
    assert (refused.code, "~ agent reviewer" in refused.stderr) == (2, True)
    assert reviewer.read_text() == before + "tags: [mine]\n"
    assert started("export", "--yes").code == 0
    assert "mine" not in reviewer.read_text()
    assert (started.folder / ".savant" / "personas" / "own.yaml").exists()
    assert started("diff", "-f", str(reviewer), "--exit-code").code == 0


def test_a_workspace_moves_to_an_empty_folder_and_back(started: Cli, tmp_path: Path) -> None:
    started("apply")
    moved = tmp_path / "moved"
    assert started("export", str(moved)).code == 0
    assert started("diff", "-f", str(moved), "--exit-code").code == 0
    assert started("validate", str(moved)).code == 0
