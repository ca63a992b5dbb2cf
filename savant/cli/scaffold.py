"""What `savant init` writes: a small project that runs as it is."""

from __future__ import annotations

_SETTINGS = """\
# Settings of this project; `savant config show --resolved --origin` shows them all, and where each comes from.
# Addresses, keys and approvals count only after `savant config trust`, so that a clone cannot set them unasked.

# The model of agents that name none, as provider/model (`savant models list`):
# model = "ollama/qwen3"

# The shell engine is off unless you turn it on:
# shell = true
"""
_AGENT = """\
# An agent. Its fields: savant schema agent
name: Reviewer
description: Reads a change and says what could go wrong.
persona: engineer
rulesets: [house-rules]
driver_prompt: |
  You review a change to this repository. Read the diff you are given, and look into files where you need to.
  Name at most five things that could go wrong, the worst first, each with its file and line.
  If nothing is wrong, say so in one sentence.
tools:
  allow: ["git.*", "fs.read", "fs.list", "fs.find"]
config:
  max_steps: 12
"""
_LATEST = """\
# A workflow without a model: savant run latest-changes -i count=5
name: Latest changes
description: The subjects of the latest commits, and who made them.
inputs:
  count: {type: integer, default: 10, description: How many commits.}
steps:
  - id: log
    tool: git.log
    with: {limit: "${{ inputs.count }}"}
outputs:
  subjects: ${{ steps.log.output.commits | map(attribute="subject") | join("\\n") }}
  authors: ${{ steps.log.output.commits | map(attribute="author") | unique | join(", ") }}
"""
_REVIEW = """\
# A workflow with an agent: savant run review-changes -i commits=3
name: Review changes
description: An agent reviews what the latest commits changed.
inputs:
  commits: {type: integer, default: 1, description: How many commits to look at.}
steps:
  - id: range
    tool: git.recent
    with: {commits: "${{ inputs.commits }}"}
  - id: diff
    tool: git.diff
    with: {base: "${{ steps.range.output.base }}", head: "${{ steps.range.output.head }}", max_bytes: 30000}
  - id: review
    agent: reviewer
    goal: |
      Review this change:

      ${{ steps.diff.output.text }}
outputs:
  review: ${{ steps.review.output.text }}
"""
_PERSONA = """\
# A persona: who the model is asked to be.
name: Engineer
instructions: |
  You are an experienced engineer. You are precise and brief, you say what you know and what you only suspect,
  and you never make up a file, a line or a result.
"""
_RULES = """\
# A ruleset: rules that agents are given, in order.
name: House rules
rules:
  - Keep to the style of the code around a change.
  - Say which file and line you speak of.
  - text: Never suggest to commit a secret.
    priority: 10
"""
FILES = {
    "savant.toml": _SETTINGS,
    ".savant/agents/reviewer.yaml": _AGENT,
    ".savant/workflows/latest-changes.yaml": _LATEST,
    ".savant/workflows/review-changes.yaml": _REVIEW,
    ".savant/personas/engineer.yaml": _PERSONA,
    ".savant/rulesets/house-rules.yaml": _RULES,
}
