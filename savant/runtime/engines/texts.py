"""Text in files: some of its lines, and one exact piece of it replaced."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from savant.runtime.tools.engine import bad_argument, tool_failed

MAX_FILE = 16_000_000


class FileText(msgspec.Struct, kw_only=True):
    """Lines `first_line` to `last_line` (from 1) of a file of `lines` lines and `size` bytes.

    `truncated`: more lines were asked for than fit; `replaced`: bytes that are not UTF-8 are shown as U+FFFD.
    """

    path: str
    text: str
    first_line: int
    last_line: int
    lines: int
    size: int
    truncated: bool
    replaced: bool


class Replaced(NamedTuple):
    """A file's new bytes, how often the text was replaced, and the line (from 1) of the first."""

    data: bytes
    times: int
    first_line: int


def replaced(path: str, before: bytes, old: str, new: str, all: bool) -> Replaced:
    """Put `new` in the place of `old`, which must be there exactly once unless `all`; other bytes stay as they are."""
    must_be_text(path, before)
    encoded(new)
    text = before.decode("utf-8", "surrogateescape")
    if old not in text and "\r\n" in text:
        old, new = _with_crlf(old), _with_crlf(new)
    count = _occurrences(path, text, old, new, all)
    after = text.replace(old, new).encode("utf-8", "surrogateescape")
    must_fit(after)
    return Replaced(after, count, text[: text.index(old)].count("\n") + 1)


def excerpt(path: str, data: bytes, first: int, last: int | None, max_bytes: int) -> FileText:
    must_be_text(path, data)
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if first > max(len(lines), 1):
        raise tool_failed(f"`{path}` has {len(lines)} lines; line {first} is beyond its end.")
    if last is not None and last < first:
        raise bad_argument(f"last_line ({last}) is before first_line ({first}).")
    chosen = b"".join(line + b"\n" for line in lines[first - 1 : last])
    if not data.endswith(b"\n") and (last is None or last >= len(lines)):
        chosen = chosen.removesuffix(b"\n")
    kept = _first_lines(chosen, max_bytes)
    text = kept.decode("utf-8", "replace")
    return FileText(
        path=path,
        text=text,
        first_line=first,
        last_line=max(first - 1 + len(kept.removesuffix(b"\n").split(b"\n")), 1) if kept else first,
        lines=len(lines),
        size=len(data),
        truncated=len(kept) < len(chosen),
        replaced="\ufffd" in text and text.encode() != kept,
    )


def _first_lines(data: bytes, limit: int) -> bytes:
    """As many whole lines as fit in `limit` bytes; of a longer first line, what fits."""
    if len(data) <= limit:
        return data
    end = data.rfind(b"\n", 0, limit) + 1
    return data[: end or limit]


def must_be_text(path: str, data: bytes) -> None:
    if b"\0" in data[:8192]:
        raise tool_failed(f"`{path}` is binary ({len(data)} bytes).", "Only text can be read.")


def must_fit(data: bytes) -> None:
    if len(data) > MAX_FILE:
        raise bad_argument(f"The text is too large: {len(data)} bytes of at most {MAX_FILE}.")


def encoded(text: str) -> bytes:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise bad_argument(f"The text has half a surrogate pair at character {error.start}.") from None
    must_fit(data)
    return data


def _with_crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _occurrences(path: str, text: str, old: str, new: str, all: bool) -> int:
    count = text.count(old)
    if old == new:
        raise bad_argument("`old` and `new` are the same: nothing would change.")
    if not count:
        raise tool_failed(f"`{path}` does not contain the text to replace.", _where_almost(text, old))
    if count > 1 and not all:
        places = [text.count("\n", 0, found.start()) + 1 for found in re.finditer(re.escape(old), text)]
        shown_places = ", ".join(map(str, places[:10]))
        raise tool_failed(
            f"`{path}` contains the text to replace {count} times (lines {shown_places}).",
            "Give more of what is around the one you mean, or set all.",
        )
    return count


def _where_almost(text: str, old: str) -> str:
    wanted = [line.strip() for line in old.strip().split("\n")]
    lines = [line.strip() for line in text.split("\n")]
    for at in range(len(lines) - len(wanted) + 1):
        if lines[at : at + len(wanted)] == wanted:
            return f"Line {at + 1} differs from it in white space alone: read the file, and give the text exactly."
    return "Read the file, and give the text exactly as it is there."
