"""The sections of a Markdown or reStructuredText file, each under the path of its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\r?$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\r?$")
_ADORNMENT = re.compile(r"([=\-~^\"'`#*+.:_<>])\1{2,}[ \t]*\r?$")
MAX_TITLE = 120


def headings(language: str, lines: list[str]) -> list[tuple[str, str, int, int]]:
    """(path of titles, "section", first line, last line) of each section up to the next heading, lines from 1."""
    found = list(_markdown(lines) if language == "markdown" else _rst(lines))
    starts = [line for line, _, _ in found] + [len(lines) + 1]
    titles: list[tuple[int, str]] = []
    sections: list[tuple[str, str, int, int]] = []
    for (line, level, title), following in zip(found, starts[1:], strict=True):
        titles = [*(outer for outer in titles if outer[0] < level), (level, title)]
        path = " / ".join(name for _, name in titles)[-4 * MAX_TITLE :]
        if following > line:
            sections.append((path, "section", line, following - 1))
    return sections


def _markdown(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    fence = ""
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
        elif heading := _HEADING.match(line):
            yield number, len(heading[1]), _title(heading[2] or "")
        elif number > 1 and (under := _UNDERLINE.match(line)) and _is_title(lines[number - 2]):
            yield number - 1, 1 if under[1][0] == "=" else 2, _title(lines[number - 2])


def _is_title(line: str) -> bool:
    return bool(line.strip()) and not re.match(r"[ \t]*(?:[-*+>|#]|\d+\.|`{3}|~{3})| {4}|\t|\s*-{3}", line)


def _rst(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    levels: list[str] = []
    for number, line in enumerate(lines, 1):
        title = lines[number - 2].rstrip() if number > 1 else ""
        mark = _ADORNMENT.match(line)
        if not mark or not title or title[0] in " \t" or _ADORNMENT.match(title) or len(line.rstrip()) < len(title):
            continue
        over = number > 2 and lines[number - 3].rstrip() == line.rstrip()
        style = line[0] + ("over" if over else "")
        if style not in levels:
            levels.append(style)
        yield number - 1 - over, levels.index(style) + 1, _title(title)


def _title(text: str) -> str:
    return " ".join(text.split())[:MAX_TITLE]
