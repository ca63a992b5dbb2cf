"""A run as JUnit's XML: each of its steps is a test case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from savant.cli.reports.findings import Found
from savant.schemas.runs import Run
from savant.schemas.steps import Step

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run, steps: Sequence[Step], found: Found) -> str:
    """One suite. A failure that was handled passes, what was cut off or waits is skipped; findings are its output."""
    last = {step.path: step for step in steps}
    cases = [_case(run, step) for step in last.values()]
    if run.status not in ("completed", "waiting") and not any("<failure" in case for case in cases):
        cases.append(_named(run, "run", 0, _failure(run.error_code, run.error_message)))
    failures = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    seconds = (run.duration_ms or 0) / 1000
    head = (
        f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}" time="{seconds:.3f}" '
        f'timestamp="{run.created_at:%Y-%m-%dT%H:%M:%S}"'
    )
    body = [f"    {case}" for case in cases] + [*_output(found)]
    suite = f"  <testsuite name={_quoted(f'savant {run.runnable_slug}')} {head}>"
    opened = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>'
    return "\n".join([opened, suite, *body, "  </testsuite>", "</testsuites>"])


def _case(run: Run, step: Step) -> str:
    inside = ""
    if step.status == "failed" and not step.handled:
        inside = _failure(step.error_code, step.error_message)
    elif step.status == "failed":
        inside = f"<system-out>{_escaped(f'handled: {step.error_message}')}</system-out>"
    elif step.status != "completed":
        inside = f"<skipped message={_quoted(step.status if run.status != 'waiting' else 'waits for an answer')}/>"
    return _named(run, step.path, step.duration_ms or 0, inside)


def _named(run: Run, name: str, milliseconds: int, inside: str) -> str:
    head = f'<testcase classname={_quoted(run.runnable_slug)} name={_quoted(name)} time="{milliseconds / 1000:.3f}"'
    return f"{head}>{inside}</testcase>" if inside else f"{head}/>"


def _failure(code: str | None, message: str | None) -> str:
    said = message or "no reason was recorded"
    return f"<failure type={_quoted(code or 'failed')} message={_quoted(said)}>{_escaped(said)}</failure>"


def _output(found: Found) -> Iterator[str]:
    if found.findings:
        lines = (
            f"{finding.level}: {finding.path or '-'}:{finding.line or 0}: {finding.rule}: {finding.message}"
            for finding in found.findings
        )
        yield f"    <system-out>{_escaped(chr(10).join(lines))}</system-out>"


def _quoted(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def _escaped(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
