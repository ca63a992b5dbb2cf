"""Workflows to kill: each writes its name into `effects` wherever it does something that must not be done twice."""

from __future__ import annotations

import subprocess
from pathlib import Path

SEQUENTIAL = """
name: Sequential
steps:
  - {id: log, tool: git.log}
  - {id: one, tool: shell.run, with: {command: "echo one >> effects"}}
  - {id: count, set: {commits: "${{ steps.log.output.commits | length }}"}}
  - {id: two, tool: shell.run, with: {command: "sleep 0.05; echo two >> effects"}}
  - {id: read, tool: fs.read, with: {path: README.md}}
  - {id: three, tool: shell.run, with: {command: "echo three >> effects; sleep 0.05"}}
  - {id: note, tool: fs.write, with: {path: note.txt, text: "${{ steps.read.output.text }}"}}
outputs: {commits: "${{ vars.commits }}", text: "${{ steps.read.output.text }}"}
"""

PARALLEL = """
name: Parallel
steps:
  - id: beside
    parallel:
      - {id: one, tool: shell.run, with: {command: "sleep 0.03; echo one >> effects"}}
      - {id: two, tool: shell.run, with: {command: "echo two >> effects; sleep 0.03"}}
      - {id: log, tool: git.log}
      - id: choice
        condition: ${{ true }}
        then:
          - {id: three, tool: shell.run, with: {command: "echo three >> effects"}}
          - {id: status, tool: git.status}
  - {id: four, tool: shell.run, with: {command: "echo four >> effects"}}
outputs: {subjects: "${{ steps.log.output.commits | map(attribute='subject') | list }}"}
"""

FOREACH = """
name: Foreach
steps:
  - id: each
    foreach: [a, b, c, d, e]
    as: letter
    max_parallel: 2
    steps:
      - {id: read, tool: fs.read, with: {path: README.md}}
      - {id: write, tool: shell.run, with: {command: "echo ${{ letter }} >> effects; sleep 0.02"}}
      - {id: named, set: {name: "${{ letter }}-${{ loop.index }}"}}
outputs: {names: "${{ steps.each.output | map(attribute='name') | list }}"}
"""

NESTED = """
name: Nested
steps:
  - id: look
    agent: worker
    goal: Do the work.
  - {id: below, workflow: child, with: {name: below}}
outputs: {said: "${{ steps.look.output.text }}", below: "${{ steps.below.output.name }}"}
"""
# `awaited` fails until the branch beside it has written the file that it reads, which is before anything in doubt.
CHILD = """
name: Child
inputs: {name: {type: string}}
steps:
  - id: both
    parallel:
      - id: slowly
        condition: ${{ true }}
        then:
          - {id: before, tool: git.log}
          - {id: ready, tool: fs.write, with: {path: ready.txt, text: ready}}
          - {id: late, tool: shell.run, with: {command: "echo late >> effects; sleep 0.02"}}
      - {id: awaited, tool: fs.read, with: {path: ready.txt}, retry: {max_attempts: 9, backoff: 0.03}}
  - {id: last, tool: shell.run, with: {command: "echo ${{ inputs.name }} >> effects"}}
outputs: {name: "${{ inputs.name }} ${{ steps.awaited.output.text }}"}
"""
WORKER = """
name: Worker
driver_prompt: You work.
tools: {allow: ["shell.*", "git.*"]}
delegates: [aide]
config: {llm_model: scripted/script.yaml}
"""
AIDE = """
name: Aide
tools: {allow: ["shell.*"]}
config: {llm_model: scripted/script.yaml}
"""
SCRIPT = """
turns:
  - {text: First, tools: [{name: git.log, arguments: {}}, {name: git.status, arguments: {}}]}
  - {text: Then, delay: 0.03, tools: [{name: shell.run, arguments: {command: "echo agent >> effects; sleep 0.03"}}]}
  - {text: And, tools: [{name: agents.run, arguments: {agent: aide, goal: Help out.}}]}
  - It is done.
  - {tools: [{name: shell.run, arguments: {command: "echo again >> effects"}}], when: {goal: Help out.}}
  - {text: Helped out., when: {goal: Help out.}}
"""

SHAPES = {
    "sequential": (SEQUENTIAL, {"one", "two", "three"}),
    "parallel": (PARALLEL, {"one", "two", "three", "four"}),
    "foreach": (FOREACH, {"a", "b", "c", "d", "e"}),
    "nested": (NESTED, {"agent", "again", "late", "below"}),
}


def project(folder: Path, name: str, workflow: str) -> Path:
    """A git repository with one commit and the workflow `name` in it."""
    definitions = folder / ".savant"
    for kind, slug, text in (
        ("workflows", name, workflow),
        ("workflows", "child", CHILD),
        ("agents", "worker", WORKER),
        ("agents", "aide", AIDE),
    ):
        file = definitions / kind / f"{slug}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "script.yaml").write_text(SCRIPT)
    (folder / "README.md").write_text("# A repository\n")
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def effects(folder: Path) -> list[str]:
    """What was done in the world, in order; a name that is there twice was done twice."""
    file = folder / "effects"
    return file.read_text().split() if file.exists() else []
