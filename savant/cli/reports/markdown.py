"""A run as a Markdown summary, for a comment on a change or a job's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from savant.cli import results, tables
from savant.cli.reports.findings import Found
from savant.schemas.runs import Run
from savant.schemas.steps import Step

_SIGNS = {"completed": "✅", "failed": "❌", "stopped": "⏹️", "waiting": "✋"}


def markdown(run: Run, steps: Sequence[Step], found: Found) -> str:
    """What it came to, its findings as a table, and its steps folded away."""
    return "\n\n".join(_parts(run, steps, found))


def _parts(run: Run, steps: Sequence[Step], found: Found) -> Iterator[str]:
    yield f"# {_SIGNS.get(run.status, '')} {run.runnable_slug}".replace("#  ", "# ")
    if run.error_message:
        yield f"**{run.error_code}**: {' '.join(run.error_message.split())}"
    if run.status == "completed" and (body := results.body(run)):
        yield body
    if found.findings:
        rows = [
            [finding.level, f"{finding.path or ''}{f':{finding.line}' if finding.line else ''}", finding.rule,
             finding.message]
            for finding in found.findings
        ]  # fmt: skip
        yield "## Findings\n\n" + tables.markdown_table(["level", "place", "rule", "message"], rows)
    if steps:
        last = {step.path: step for step in steps}
        rows = [
            [str(each.step_number), each.status, each.path, each.tool_name or each.type,
             tables.duration(each.duration_ms), tables.money(each.cost_usd)]
            for each in last.values()
        ]  # fmt: skip
        table = tables.markdown_table(["step", "status", "path", "what", "took", "cost"], rows)
        yield f"<details><summary>{len(last)} steps</summary>\n\n{table}\n\n</details>"
    yield f"*Run {run.id}: {results.summary(run)}*"
