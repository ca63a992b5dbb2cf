"""What came of a run, for machines and for reviews: JUnit, SARIF, Markdown and GitHub's annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from savant.cli.reports.findings import Found
from savant.cli.reports.github import github
from savant.cli.reports.junit import junit
from savant.cli.reports.markdown import markdown
from savant.cli.reports.sarif import sarif
from savant.schemas.runs import Run
from savant.schemas.steps import Step

FORMS: dict[str, Callable[[Run, Sequence[Step], Found], str]] = {
    "junit": junit,
    "sarif": sarif,
    "markdown": markdown,
    "github": github,
}
__all__ = ["FORMS", "Found"]
