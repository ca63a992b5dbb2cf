"""A workflow over a real git repository, with the engines that Savant ships."""

from __future__ import annotations

from pathlib import Path

from savant.runtime.definitions.load import load
from savant.runtime.definitions.yaml import parse
from savant.runtime.engines.catalog import builtin
from savant.runtime.execution import Execution
from savant.runtime.journal import Journal
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.tools.toolbox import EngineToolbox
from savant.runtime.workflows.interpreter import run_workflow
from savant.runtime.workflows.validate import validate
from savant.schemas.programs import Bundle, Program
from savant.schemas.workflows import WorkflowDefinition
from tests.runtime.engines.repositories import Repo

WORKFLOW = """
name: Report
steps:
  - {id: diff, tool: git.diff, with: {base: HEAD~1, head: HEAD}}
  - id: each
    foreach: ${{ steps.diff.output.files }}
    as: file
    max_parallel: 2
    steps:
      - {id: blame, tool: git.blame, with: {path: "${{ file.path }}"}}
      - {id: line, set: {text: "${{ file.path }} +${{ file.additions }}"}}
  - id: write
    tool: fs.write
    with:
      path: report.md
      text: ${{ steps.each.output | map(attribute='text') | sort | join('; ') }}
  - {id: back, tool: fs.read, with: {path: report.md}}
outputs: {report: "${{ steps.back.output.text }}"}
"""


def repository(root: Path) -> Repo:
    repo = Repo(root)
    commits = {"First": {"a.py": "one = 1\n"}, "Second": {"a.py": "one = 1\ntwo = 2\n", "b.py": "x = 3\n"}}
    for message, files in commits.items():
        for name, text in files.items():
            (root / name).write_text(text)
        repo.git("add", ".")
        repo.git("commit", "-qm", message)
    return repo


async def test_a_report_of_the_last_commit(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    repo = repository(root)
    workflow = load(WORKFLOW, "w.yaml", "workflow")
    assert isinstance(workflow, WorkflowDefinition)
    bundle = Bundle(workflows={"w": workflow})
    toolbox = EngineToolbox(builtin(root, bundle))
    assert validate(workflow, bundle, toolbox.specs(), parse(WORKFLOW, "w.yaml").positions) == []
    store = MemoryStore()
    execution = Execution(
        program=Program(type="workflow", slug="w", bundle=bundle, savant_version="0"),
        journal=await Journal.open(store),
        models=ModelRegistry(),
        toolbox=toolbox,
        root=root,
    )
    assert await run_workflow(execution, "w", {}) == {"report": "a.py +1; b.py +1"}
    assert (root / "report.md").read_text() == "a.py +1; b.py +1"
    # What is recorded is served, even after the repository has gone on.
    repo.git("commit", "-qam", "Third", "--allow-empty")
    (root / "report.md").unlink()
    execution.journal = await Journal.open(store)
    assert await run_workflow(execution, "w", {}) == {"report": "a.py +1; b.py +1"}
    assert not (root / "report.md").exists()
