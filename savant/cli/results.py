"""What came of a run: its result in words, its exit code, and what to type next."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.cli import tables
from savant.errors import ErrorCode, ExitCode
from savant.schemas.runs import Run

ANSWER = frozenset({"text", "output", "model", "steps"})


def exit_code(run: Run) -> ExitCode:
    """The exit code that tells the truth about a run."""
    if run.status == "completed":
        return ExitCode.DONE
    code = ErrorCode(run.error_code).exit_code if run.error_code in set(ErrorCode) else None
    match run.status:
        case "waiting":
            return code or ExitCode.APPROVAL_NEEDED
        case "stopped":
            return code or ExitCode.STOPPED
        case "failed":
            return code or ExitCode.RUN_FAILED
        case _:
            return ExitCode.UNEXPECTED


def document(run: Run) -> dict[str, Any]:
    """A run as `--json` shows it."""
    shown: dict[str, Any] = {**msgspec.to_builtins(run), "exit_code": int(exit_code(run))}
    if run.error_code:
        shown["error"] = {"code": run.error_code, "message": run.error_message, "hint": next_command(run)}
    return shown


def closing(run: Run) -> dict[str, Any]:
    """The fields of the last event of a JSONL stream."""
    return {
        "status": run.status,
        "error_code": run.error_code,
        "error_message": run.error_message,
        "exit_code": int(exit_code(run)),
        "cost_usd": run.cost_usd,
        "usage": {"input_tokens": run.input_tokens, "output_tokens": run.output_tokens},
        "run_id": run.id,
        "approval_id": run.approval_id,
        "result": run.result,
    }


def text(run: Run) -> str:
    """The agent's answer, or the workflow's outputs."""
    result: Any = run.result or {}
    if "outputs" in result:
        return _outputs(result["outputs"], "{name}:\n{value}")
    return readable(result)


def body(run: Run) -> str:
    """The result as Markdown."""
    result: Any = run.result or {}
    return _outputs(result["outputs"], "## {name}\n\n{value}") if "outputs" in result else readable(result)


def summary(run: Run) -> str:
    """`completed in 2.3 s, 14 steps, 1,204 tokens, $0.0031`."""
    facts = [
        f"{run.steps_count} step{'s' if run.steps_count != 1 else ''}",
        tables.tokens(run.input_tokens + run.output_tokens),
        tables.money(run.cost_usd),
    ]
    head = f"{run.status} in {tables.duration(run.duration_ms)}" if run.duration_ms is not None else run.status
    return ", ".join([head, *filter(None, facts)])


def next_command(run: Run) -> str | None:
    """What to type next, where a run did not simply end well; a delegated run goes on with the whole."""
    whole = run.journal_run_id or run.id
    match run.status:
        case "waiting" if run.approval_id is not None and run.error_code == ErrorCode.UNCERTAIN_STEP:
            see, yes = f"savant approvals show {run.approval_id}", f"savant approvals approve {run.approval_id}"
            no = f"savant approvals deny {run.approval_id}"
            return f"See: {see}. Then: {yes} (do it again), {yes} --done (it did happen), or {no}"
        case "waiting" if run.approval_id is not None:
            id = run.approval_id
            return (
                f"See: savant approvals show {id}. Then: savant approvals approve {id}, or savant approvals deny {id}"
            )
        case "waiting":
            return f"See what it asks: savant runs show {run.id}"
        case "failed" | "stopped":
            return f"See: savant runs show {run.id}. Go on from there: savant runs resume {whole}"
        case "running" if run.alive is False:
            return f"Its process is gone. Go on from there: savant runs resume {whole}"
        case "running" | "pending":
            return f"Follow it: savant runs watch {run.id}"
        case _:
            return None


def readable(value: Any) -> str:
    """Text as it is; an agent's answer is its text; anything else is JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("text"), str) and set(value) <= ANSWER:
        return value["text"] or readable(value.get("output"))
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def _outputs(outputs: dict[str, Any], each: str) -> str:
    if len(outputs) == 1:
        return readable(next(iter(outputs.values())))
    return "\n\n".join(each.format(name=name, value=readable(value)) for name, value in outputs.items())
