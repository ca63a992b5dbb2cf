"""Broken workflows, one a file: its first line says what a person is told, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.workflows.corpus import findings

FILES = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_broken_workflow_is_told(path: Path) -> None:
    text = path.read_text()
    first = text.partition("\n")[0]
    assert first.startswith("# expect: ")
    expected = [f"{path.name}:{finding}" for finding in first.removeprefix("# expect: ").split(" || ")]
    assert findings(text, path.stem) == expected


def test_there_is_a_corpus() -> None:
    assert len(FILES) >= 60


SOUND = """
name: Sound
inputs:
  base: {type: string, default: main}
  many: {type: array, default: []}
steps:
  - {id: diff, tool: git.diff, with: {base: "${{ inputs.base }}", limit: 3}}
  - id: checked
    tool: git.diff
    with: {base: main}
    retry: {max_attempts: 2, backoff: 1s, on: [tool_failed]}
    timeout: 30s
    on_error:
      - {id: other, tool: git.log, if: "${{ steps.checked.error.code == 'timeout' }}"}
  - id: choose
    condition: ${{ steps.diff.output.files | length > 2 }}
    then: [{id: few, set: {count: 1}}]
    else: [{set: {count: 2, extra: x}}]
  - id: both
    parallel:
      - {id: look, agent: reviewer, goal: "Look at ${{ vars.count }}"}
      - id: each
        foreach: ${{ inputs.many }}
        as: item
        steps:
          - {id: a, set: {n: "${{ loop.index + item.size }}"}}
          - {id: b, set: {m: "${{ steps.a.output.n ~ vars.n }}"}}
  - {workflow: comment, with: {body: "${{ steps.look.output.text }}"}}
  - {id: ok, approval: "Post?"}
outputs:
  a: ${{ steps.each.output | length + steps.both.output.each | length }}
  b: ${{ steps.few.output.count }} ${{ steps.other.status }} ${{ vars.extra | default('none') }}
  c: ${{ vars.never | default(run.id) }}
  d: ${{ steps.diff.output.whatever.deep[0] if steps.diff.output.whatever is defined else 0 }}
"""


def test_a_sound_workflow_has_no_findings() -> None:
    assert findings(SOUND, "sound") == []
