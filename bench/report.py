"""The figures as Markdown, and their place in docs/benchmarks.md."""

from __future__ import annotations

import asyncio
import os
import platform
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bench.growth import LENGTHS, WINDOW, Growth
from bench.measure import Row
from bench.places import Place, places

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: written by `{command}` -->", "<!-- end of figures -->"


def machine() -> str:
    """What it was measured on, without names."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = f"{os.getloadavg()[0]:.1f}"
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), {python},"
        f" SQLite {sqlite3.sqlite_version}, embedded Postgres; load at the end of the measurement {load}."
    )


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | Savant | floor | the floor is | ratio | CPU | aim |", "|---|--:|--:|---|--:|--:|--:|"]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    aim = f"{row.aim:g}x" if row.aim else ""
    return (
        f"| {row.what} | {_time(row.ours.wall)} | {_time(row.floor.wall)} | {row.floor_is} |"
        f" {row.ratio:.2f}x | {row.cpu_ratio:.2f}x | {aim} |"
    )


def growth_table(growths: Sequence[Growth]) -> str:
    lengths = [f"bytes a step, {length:,} steps" for length in LENGTHS]
    head = ["what", f"a step, first {WINDOW}", f"a step, last {WINDOW} of 1,000", "ratio", *lengths]
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    for growth in growths:
        sizes = [f"{growth.bytes_per_step[length]:,.0f}" for length in LENGTHS]
        ratio = f"{growth.last / growth.first:.2f}x"
        cells = [f"agent loop, {growth.place}", _time(growth.first), _time(growth.last), ratio, *sizes]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write(text: str, command: str = "make bench") -> None:
    """Put the figures in the place on the page that is the command's."""
    page, begin = PAGE.read_text(), BEGIN.format(command=command)
    before, rest = page.split(begin)
    after = rest.split(END, 1)[1]
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}")


def say(command: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A table of a command's own, on the page and on the terminal."""
    rule = f"|---|{'--:|' * (len(head) - 1)}"
    told = [f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(line)} |" for line in lines)]
    text = f"Measured on {machine()}\n\n" + "\n".join(told)
    print(text, flush=True)
    write(text, command)


def alone(measure: Callable[[Place], Awaitable[list[Row]]]) -> None:
    """Measure one thing on each database, and print it."""

    async def run() -> list[Row]:
        async with places() as opened:
            return [row for place in opened for row in await measure(place)]

    print(table(asyncio.run(run())))


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1_000_000:.0f} µs"
