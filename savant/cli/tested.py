"""Results of recorded tests: for a person, as Markdown, and as JUnit's XML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from savant.cli import tables
from savant.cli.output import style
from savant.schemas.tests import TestResult

_STYLES = {"passed": "green", "diverged": "red", "failed": "red", "broken": "red"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(results: Sequence[TestResult]) -> str:
    """One line a test, and below those that did not pass, why."""
    lines: list[str] = []
    for result in results:
        lines.append(f"{style(result.verdict, _STYLES[result.verdict])}  {result.file}")
        if result.verdict != "passed":
            lines += [f"    {line}" for line in report(result).splitlines()]
    return "\n".join(lines)


def report(result: TestResult) -> str:
    """Why a test did not pass."""
    if result.divergence is None:
        return "\n".join(result.failures)
    return f"{result.divergence.message}\n{result.divergence.difference}".rstrip()


def markdown(results: Sequence[TestResult]) -> str:
    rows = [[result.file, result.verdict, tables.duration(result.duration_ms)] for result in results]
    blocks = [f"## {result.file}\n\n```diff\n{report(result)}\n```" for result in results if result.verdict != "passed"]
    return "\n\n".join([tables.markdown_table(["test", "verdict", "took"], rows), *blocks])


def junit(results: Sequence[TestResult]) -> str:
    """One suite; an assertion that failed or a run that parted is a failure, a file that is no test an error."""
    errors = sum(result.verdict == "broken" for result in results)
    failures = sum(result.verdict in ("failed", "diverged") for result in results)
    seconds = sum(result.duration_ms for result in results) / 1000
    head = f'tests="{len(results)}" failures="{failures}" errors="{errors}" time="{seconds:.3f}"'
    cases = "\n".join(_case(result) for result in results)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="savant test" {head}>\n{cases}\n</testsuite>'


def _case(result: TestResult) -> str:
    name = f'  <testcase classname="savant" name={quoteattr(_xml(result.file))} time="{result.duration_ms / 1000:.3f}"'
    if result.verdict == "passed":
        return f"{name}/>"
    tag = "error" if result.verdict == "broken" else "failure"
    said = report(result)
    message = quoteattr(_xml(said.splitlines()[0] if said else result.verdict))
    detail = f"<{tag} type={quoteattr(result.verdict)} message={message}>{escape(_xml(said))}</{tag}>"
    return f"{name}>\n    {detail}\n  </testcase>"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
