"""A run and its steps for a person to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from savant.cli import results, tables, tree
from savant.cli.output import style
from savant.schemas.runs import Run
from savant.schemas.steps import Step

PREVIEW = 200


def builtins(value: Any) -> Any:
    return msgspec.to_builtins(value)


def run(run: Run, steps: Sequence[Step], *, previews: bool) -> str:
    """Status, definition, inputs, the tree of steps, and what to type next."""
    lines = [
        f"{style(f'Run {run.id}', 'bold')}  {tables.status(run.status)}  {run.runnable_type} {run.runnable_slug}",
        style(results.summary(run), "dim"),
        *_facts(run),
    ]
    if steps:
        lines += ["", tree.drawn(steps)]
    if run.status == "completed" and previews and (text := results.text(run)):
        lines += ["", style("Result", "bold"), text]
    if run.error_message:
        lines += ["", style(f"{run.error_code}: {run.error_message}", "red")]
    if hint := results.next_command(run):
        lines += ["", hint]
    return "\n".join(lines)


def step(step: Step) -> str:
    """One step with its input and output in full."""
    used = [tables.duration(step.duration_ms), tables.money(step.cost_usd)]
    tokens = (step.input_tokens, step.output_tokens)
    if any(tokens):
        used.append(f"{tokens[0] or 0:,} tokens in, {tokens[1] or 0:,} out")
    lines = [
        f"{style(f'Step {step.step_number}', 'bold')}  {tables.status(step.status)}  {step.path}",
        style("  ".join(filter(None, [step.type, step.tool_name, step.agent, step.effect, *used])), "dim"),
    ]
    if step.error_message:
        lines += ["", style(f"{step.error_code}: {step.error_message}", "red")]
    lines += ["", style("Input", "bold"), results.readable(step.input)]
    if step.status == "completed":
        lines += ["", style("Output", "bold"), results.readable(step.output)]
    return "\n".join(lines)


def _facts(run: Run) -> list[str]:
    facts = [
        ("goal", tables.cut(run.goal, PREVIEW) if run.goal else None),
        ("inputs", tables.cut(msgspec.json.encode(run.inputs).decode(), PREVIEW) if run.inputs else None),
        ("commit", run.repository_commit[:12] if run.repository_commit else None),
        ("started", f"{run.started_at.astimezone():%Y-%m-%d %H:%M:%S %Z}" if run.started_at else None),
        ("attempts", str(run.attempts) if run.attempts > 1 else None),
        ("part of", f"run {run.parent_run_id}" if run.parent_run_id else None),
    ]
    return [f"{style(name + ':', 'dim')} {value}" for name, value in facts if value]
