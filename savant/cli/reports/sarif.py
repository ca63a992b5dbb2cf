"""The findings of a run as SARIF 2.1.0."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from savant import __version__
from savant.cli.reports.findings import Found
from savant.cli.results import exit_code
from savant.schemas.findings import Finding
from savant.schemas.runs import Run
from savant.schemas.steps import Step

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"


def sarif(run: Run, steps: Sequence[Step], found: Found) -> str:
    """One log with one run; how Savant's own run ended is its invocation."""
    rules = [*dict.fromkeys(finding.rule for finding in found.findings)]
    driver = {"name": "savant", "version": __version__, "rules": [_rule(rule) for rule in rules]}
    log: dict[str, Any] = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": f"{run.runnable_type}/{run.runnable_slug}/"},
                "invocations": [_invocation(run, found)],
                "results": [_result(finding, rules) for finding in found.findings],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(log)).decode()


def _rule(rule: str) -> dict[str, Any]:
    return {"id": rule, "shortDescription": {"text": rule}}


def _invocation(run: Run, found: Found) -> dict[str, Any]:
    problems = [f"These findings could not be read: {each}" for each in found.unread]
    if run.error_message:
        problems.append(run.error_message)
    invocation: dict[str, Any] = {
        "executionSuccessful": run.status == "completed",
        "exitCode": int(exit_code(run)),
        "properties": {"run_id": run.id, "status": run.status},
    }
    if problems:
        notes = [{"level": "error", "message": {"text": problem}} for problem in problems]
        invocation["toolExecutionNotifications"] = notes
    return invocation


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.level,
        "message": {"text": finding.message},
        "partialFingerprints": {"savant/v1": _fingerprint(finding)},
    }
    if finding.path is not None:
        result["locations"] = [{"physicalLocation": _place(finding, finding.path)}]
    return result


def _place(finding: Finding, path: str) -> dict[str, Any]:
    uri = quote(path.replace("\\", "/").removeprefix("./"))
    place: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": ROOT}}
    if finding.line is not None:
        region = {"startLine": finding.line, "startColumn": finding.column}
        if finding.end_line is not None and finding.end_line >= finding.line:
            region["endLine"] = finding.end_line
        place["region"] = {name: value for name, value in region.items() if value is not None}
    return place


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding on another line, so that moved code is no new problem."""
    same = "\0".join([finding.rule, finding.path or "", finding.message])
    return hashlib.sha256(same.encode()).hexdigest()[:32]
