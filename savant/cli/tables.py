"""Values made readable: columns, durations, money, ages."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from savant import clock
from savant.cli.output import paint, style

STATUS_STYLES = {
    "completed": "green", "failed": "red", "stopped": "yellow", "waiting": "yellow", "running": "cyan",
    "interrupted": "yellow", "ok": "green", "warn": "yellow", "fail": "red",
    "create": "green", "update": "yellow", "delete": "red",
}  # fmt: skip
GAP = "  "


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns; on a terminal the last is cut to its width, elsewhere nothing is."""
    plain = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(width(row[column]) for row in [headings, *plain]) for column in range(len(headings))]
    lines = [style(_row(headings, widths), "bold")]
    return "\n".join([*lines, *(_row(row, widths) for row in plain)])


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    for row in rows:
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines)


def status(word: str) -> str:
    return style(word, STATUS_STYLES.get(word, "dim"))


def duration(milliseconds: float | None) -> str:
    """`85 ms`, `2.3 s`, `4 m 05 s`, `1 h 02 m`; empty if unknown."""
    if milliseconds is None:
        return ""
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{round(milliseconds)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} m"


def money(usd: float | None) -> str:
    """`$0.0031`: at least two digits that mean something; empty if unknown."""
    if usd is None:
        return ""
    return f"${usd:.2f}" if usd == 0 or usd >= 0.1 else f"${usd:.4f}"


def tokens(count: int | None) -> str:
    return f"{count:,} tokens" if count else ""


def size(count: int) -> str:
    """`312 B`, `1.4 MB`."""
    for unit, bytes in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= bytes:
            return f"{count / bytes:.1f} {unit}"
    return f"{count} B"


def age(moment: datetime | None) -> str:
    """`just now`, `5 m ago`, `3 h ago`, `2026-03-01`."""
    if moment is None:
        return ""
    seconds = (clock.now() - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} m ago"
    return f"{seconds // 3600:.0f} h ago" if seconds < 86_400 else moment.astimezone().strftime("%Y-%m-%d")


def cut(text: str, columns: int) -> str:
    """The text on one line, at most so many columns wide."""
    text = " ".join(text.split())
    taken = fitting = 0
    for place, character in enumerate(text):
        taken += width(character)
        if taken > columns:
            return text[:fitting].rstrip() + "…"
        fitting = place + 1 if taken < columns else fitting
    return text


def width(text: str) -> int:
    """Columns the text takes on a terminal."""
    text = paint(text, color=False)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def terminal_width() -> int | None:
    """Columns of the terminal on stdout; None where there is none, and lines may be as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Pad all but the last cell; cut the last to what is left of the line."""
    padded = [cell + " " * (size - width(cell)) for cell, size in zip(cells[:-1], widths, strict=False)]
    room = terminal_width()
    last = cells[-1]
    if room is not None:
        taken = sum(size + len(GAP) for size in widths[:-1])
        last = cut(last, max(room - taken, 12))
    return GAP.join([*padded, last]).rstrip()
