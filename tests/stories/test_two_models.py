"""A small model digests a long file and hands over when it must; the large one mends its own answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.installation import Installation

AGENT = """
name: Auditor
tools: {allow: [fs.read]}
config: {llm_model: scripted/large.yaml, slm_model: scripted/small.yaml}
output_schema:
  type: object
  required: [line, wrong]
  properties: {line: {type: integer}, wrong: {type: boolean}}
"""
SMALL = """
context_window: 16000
turns:
  - {tools: [{name: fs.read, arguments: {path: ledger.txt}}]}
  - {tools: [{name: escalate, arguments: {reason: The sums want judgement}}]}
  - {text: "Nine hundred entries; the one of line 417 is odd.", when: "entry 417"}
"""
LARGE = """
turns:
  - unused
  - {tools: [{name: output.read, arguments: {step: "STEP", offset: 0}}]}
  - {json: {line: 417}}
  - {json: {line: 417, wrong: true}}
"""


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    (tmp_path / "home").mkdir()
    opened = Installation(tmp_path / "home", database_url)
    yield opened
    opened.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "ledger.txt").write_text("".join(f"entry {n}: {n * 7 % 13} paid in full\n" for n in range(900)))
    (folder / "auditor.yaml").write_text(AGENT)
    (folder / "small.yaml").write_text(SMALL)
    (folder / "large.yaml").write_text(LARGE)
    return folder


def test_a_long_ledger_is_audited_and_the_audit_replayed(home: Installation, project: Path) -> None:
    code, ran = home.savant(project, "run", "auditor.yaml", "Which entry is wrong?")
    assert code == 0, ran
    assert ran["result"]["output"] == {"line": 417, "wrong": True}
    assert ran["result"]["model"] == "scripted/large.yaml"
    _, found = home.savant(project, "runs", "steps", "1")
    asked = [(step["path"], step["input"]["model"]) for step in found["items"] if step["type"] == "model"]
    small, large = "scripted/small.yaml", "scripted/large.yaml"
    first, last = ("1/model", small), [(f"{turn}/model", large) for turn in (3, 4, 5)]
    expected = [first, ("1/tools[0]/digest", small), ("2/model", small), *last]
    assert asked == [(f"auditor/agent/{path}", model) for path, model in expected]
    [read] = [step for step in found["items"] if step["path"] == "auditor/agent/1/tools[0]"]
    assert "entry 899" in str(read["output"]), "the record has what the models were spared"
    code, replayed = home.savant(project, "runs", "replay", "1")
    assert code == 0, replayed
