"""A run as annotations that GitHub Actions shows beside the lines of a change."""

from __future__ import annotations

from collections.abc import Sequence

from savant.cli.reports.findings import Found
from savant.schemas.findings import Finding
from savant.schemas.runs import Run
from savant.schemas.steps import Step

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def github(run: Run, steps: Sequence[Step], found: Found) -> str:
    """One line for each finding, and one for a run that did not complete."""
    lines = [_line(finding) for finding in found.findings]
    lines += [f"::warning title=savant::{_data(f'These findings could not be read: {each}')}" for each in found.unread]
    if run.status != "completed":
        message = f"Run {run.id} {run.status}: {run.error_message or 'no reason was recorded.'}"
        lines.append(f"::error title={_property(f'savant {run.runnable_slug}')}::{_data(message)}")
    return "\n".join(lines)


def _line(finding: Finding) -> str:
    places = {"file": finding.path, "line": finding.line, "endLine": finding.end_line, "col": finding.column}
    places["title"] = finding.rule
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in places.items() if value is not None)
    return f"::{_COMMANDS[finding.level]} {properties}::{_data(finding.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
