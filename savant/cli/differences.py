"""Differences for a person to read: side by side on a wide terminal, one above the other elsewhere, or Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from savant.cli import tables
from savant.cli.output import style
from savant.schemas.replays import Combination, Replay, RunDiff, Side, Spread, StepDiff

WIDE = 100
_STYLES = {"-": "red", "+": "green", "@": "cyan"}


def parting(replay: Replay) -> str:
    """The step at which a replay parts from its record; nothing if it does not."""
    if replay.divergence is None:
        return ""
    return "\n".join(_colored(replay.divergence.difference.splitlines()))


def parting_markdown(replay: Replay) -> str:
    if replay.divergence is None:
        return f"Run {replay.run_id} replays equal: {replay.steps} steps."
    return f"{replay.divergence.message}\n\n```diff\n{replay.divergence.difference}\n```"


def side_by_side(diff: RunDiff) -> str:
    """Every step that differs, with its figures and lines."""
    if diff.empty:
        return ""
    blocks = [_block(step, diff) for step in (diff.run, *diff.steps) if step.changed]
    tail = f"{diff.same} step{'s' if diff.same != 1 else ''} the same."
    return "\n\n".join([*blocks, style(tail, "dim")])


def markdown(diff: RunDiff) -> str:
    """A table of what differs, then the lines of each step."""
    headings = ["step", "changed", f"run {diff.first}", f"run {diff.second}"]
    changed = [step for step in (diff.run, *diff.steps) if step.changed]
    rows = [[_name(step), ", ".join(step.changed), _side(step.first), _side(step.second)] for step in changed]
    parts = [f"# Runs {diff.first} and {diff.second}", tables.markdown_table(headings, rows) if rows else "Equal."]
    for step in changed:
        for what, lines in (("input", step.input), ("output", step.output)):
            if lines:
                parts.append(f"## {_name(step)}: {what}\n\n```diff\n" + "\n".join(lines) + "\n```")
    return "\n\n".join(parts)


def matrix(rows: Sequence[Combination], *, markdown: bool = False) -> str:
    """Outcome, cost, steps and time of each combination, as mean ± deviation (least to most)."""
    names = list(rows[0].settings) if rows else []
    headings = [*(name.upper() for name in names), "RUNS", "OUTCOME", "COST", "STEPS", "TIME"]
    cells = [
        [
            *row.settings.values(),
            str(row.runs),
            ", ".join(f"{count} {outcome}" for outcome, count in row.outcomes.items()),
            _spread(row.cost_usd, tables.money),
            _spread(row.steps, lambda value: f"{value:.1f}".removesuffix(".0")),
            _spread(row.duration_ms, tables.duration),
        ]
        for row in rows
    ]
    return (tables.markdown_table if markdown else tables.table)(headings, cells)


def _block(step: StepDiff, diff: RunDiff) -> str:
    head = f"{style(_name(step), 'bold')}  {', '.join(step.changed)}"
    lines = [head, *_columns([f"run {diff.first}: {_side(step.first)}"], [f"run {diff.second}: {_side(step.second)}"])]
    for what, changed in (("input", step.input), ("output", step.output)):
        if changed:
            lines += [style(what, "dim"), *_changes(changed)]
    return "\n".join(lines)


def _changes(lines: Sequence[str]) -> list[str]:
    if (tables.terminal_width() or 0) < WIDE:
        return _colored(lines)
    shown: list[str] = []
    for removed, added, same in _runs(lines):
        shown += _columns(removed, added, "red", "green")
        shown += _columns(same, same, "dim", "dim")
    return shown


def _runs(lines: Sequence[str]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """What was removed and added at one place, and the lines that follow and are the same."""
    removed: list[str] = []
    added: list[str] = []
    for line in lines:
        match line[:1]:
            case "-":
                removed.append(line[1:])
            case "+":
                added.append(line[1:])
            case _:
                yield removed, added, [] if line.startswith("@@") else [line[1:]]
                removed, added = [], []
    yield removed, added, []


def _columns(left: Sequence[str], right: Sequence[str], *styles: str) -> list[str]:
    """Two texts beside one another, each in half of the terminal; one above the other where it is narrow."""
    width = tables.terminal_width() or 0
    if width < WIDE:
        return [*left, *right]
    half = (width - 3) // 2
    columns = [_wrapped(left, half), _wrapped(right, half)]
    height = max(map(len, columns))
    rows: list[str] = []
    for number in range(height):
        cells = [column[number] if number < len(column) else "" for column in columns]
        padded = cells[0] + " " * (half - tables.width(cells[0]))
        first, second = (style(padded, styles[0]), style(cells[1], styles[1])) if styles else (padded, cells[1])
        rows.append(f"{first} | {second}".rstrip())
    return rows


def _wrapped(lines: Sequence[str], width: int) -> list[str]:
    wrapped: list[str] = []
    for line in lines:
        wrapped += textwrap.wrap(line, width, drop_whitespace=False, break_on_hyphens=False) or [""]
    return wrapped


def _colored(lines: Sequence[str]) -> list[str]:
    return [style(line, _STYLES[line[0]]) if line[:1] in _STYLES else line for line in lines]


def _name(step: StepDiff) -> str:
    return step.path or f"the run ({step.type})"


def _side(side: Side | None) -> str:
    if side is None:
        return "not there"
    tokens = tables.tokens(side.tokens)
    number = f"step {side.step_number}" if side.step_number else ""
    return ", ".join(
        filter(None, [number, side.status, tables.duration(side.duration_ms), tokens, tables.money(side.cost_usd)])
    )


def _spread(spread: Spread | None, shown: Callable[[float], str]) -> str:
    if spread is None:
        return ""
    if spread.least == spread.most:
        return shown(spread.mean)
    return f"{shown(spread.mean)} ± {shown(spread.deviation)} ({shown(spread.least)} to {shown(spread.most)})"
