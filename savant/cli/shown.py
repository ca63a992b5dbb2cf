"""A run and its steps for a person to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from savant.cli import results, tables, tree
from savant.cli.output import style
from savant.errors import ErrorCode, SavantError
from savant.schemas.runs import Run, RunList
from savant.schemas.steps import Step

if TYPE_CHECKING:
    from savant.client import Client

PREVIEW = 200


def builtins(value: Any) -> Any:
    return msgspec.to_builtins(value)


class Whole(msgspec.Struct, kw_only=True):
    """A run with what belongs to it: its steps, the runs it delegated, the versions it ran, who handed over to whom."""

    run: Run
    steps: list[Step]
    delegated: list[Run]
    versions: dict[str, int]
    escalations: list[dict[str, Any]]
    notes: dict[int, str]

    @classmethod
    async def of(cls, client: Client, run: Run) -> Whole:
        traces = await client.runs.traces(run.id, event_type="agent.escalated")
        once = {trace.payload["path"]: trace for trace in traces}.values()  # a kill may have left it told twice
        return cls(
            run=run,
            steps=await client.runs.steps(run.id),
            delegated=(await client.runs.list(RunList(parent=run.id, limit=1000))).items[::-1],
            versions=await _versions(client, run),
            escalations=[trace.payload for trace in once],
            notes={trace.step_number or 0: tree.escalation(trace.payload) for trace in once},
        )

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        parts = {"versions": self.versions, "escalations": self.escalations}
        delegated = [each.id for each in self.delegated]
        return {**builtins(self.run), **parts, "delegated": delegated, "steps": builtins(self.steps)}


async def _versions(client: Client, run: Run) -> dict[str, int]:
    """The version of every definition it ran; none where its program is gone."""
    try:
        return (await client.runs.program(run.id)).versions
    except SavantError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return {}


def run(whole: Whole) -> str:
    """Status, definition, inputs, the tree of steps, and what to type next."""
    run = whole.run
    lines = [
        f"{style(f'Run {run.id}', 'bold')}  {tables.status(run.status)}  {run.runnable_type} {run.runnable_slug}",
        style(results.summary(run), "dim"),
        *_facts(whole),
    ]
    if whole.steps:
        lines += ["", tree.drawn(whole.steps, whole.notes)]
    if run.status == "completed" and (text := results.text(run)):
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


def _facts(whole: Whole) -> list[str]:
    run = whole.run
    facts = [
        ("goal", tables.cut(run.goal, PREVIEW) if run.goal else None),
        ("inputs", tables.cut(msgspec.json.encode(run.inputs).decode(), PREVIEW) if run.inputs else None),
        ("commit", run.repository_commit[:12] if run.repository_commit else None),
        ("started", f"{run.started_at.astimezone():%Y-%m-%d %H:%M:%S %Z}" if run.started_at else None),
        ("attempts", str(run.attempts) if run.attempts > 1 else None),
        ("versions", ", ".join(f"{name} {version}" for name, version in whole.versions.items())),
        ("part of", f"run {run.parent_run_id}, at {run.journal_path}" if run.parent_run_id else None),
        ("delegated", ", ".join(f"run {each.id} ({each.runnable_slug}, {each.status})" for each in whole.delegated)),
    ]
    return [f"{style(name + ':', 'dim')} {value}" for name, value in facts if value]
