"""What `.gitignore` says, read as git reads it (dir.c and wildmatch.c), for folders where git cannot be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_SPECIAL = re.compile(rb"[*?\[\\]")
_CLASSES = {
    b"alnum": b"0-9A-Za-z",
    b"alpha": b"A-Za-z",
    b"blank": b" \\t",
    b"cntrl": b"\\x00-\\x1f\\x7f",
    b"digit": b"0-9",
    b"graph": b"!-~",
    b"lower": b"a-z",
    b"print": b" -~",
    b"punct": b"!-/:-@\\[-`{-~",
    b"space": b" \\t\\n\\r\\f\\v",
    b"upper": b"A-Z",
    b"xdigit": b"0-9A-Fa-f",
}
_NOTHING = rb"(?!)"


class Rule(NamedTuple):
    """One line: `by_name` rules are compared with the last part of a path, others with the whole path below it."""

    expression: re.Pattern[bytes]
    negated: bool
    folders_only: bool
    by_name: bool


class Rules(NamedTuple):
    """The rules of one file, last first, for paths below `base` (empty, or ending in a slash)."""

    base: bytes
    rules: tuple[Rule, ...]

    def verdict(self, path: bytes, *, folder: bool) -> bool | None:
        """Whether `path` is ignored, as the last rule that matches says; None if none does."""
        inner = path[len(self.base) :]
        name = inner.rpartition(b"/")[2]
        for rule in self.rules:
            if (folder or not rule.folders_only) and rule.expression.fullmatch(name if rule.by_name else inner):
                return not rule.negated
        return None


def ignored(path: bytes, lists: Sequence[Rules], *, folder: bool) -> bool:
    """Whether a path is ignored by `lists`, of which the last counts most; its folders are taken not to be."""
    for rules in reversed(lists):
        if (verdict := rules.verdict(path, folder=folder)) is not None:
            return verdict
    return False


def parse(content: bytes, base: bytes = b"") -> Rules:
    """The rules in a `.gitignore` or `.git/info/exclude` that stands for the folder `base`."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return Rules(base, tuple(reversed([rule for line in lines if (rule := _rule(line))])))


def _rule(line: bytes) -> Rule | None:
    if not line or line.startswith(b"#"):
        return None
    pattern = _trimmed(line.removesuffix(b"\r").partition(b"\0")[0])
    negated = pattern.startswith(b"!")
    pattern = pattern[1:] if negated else pattern
    folders_only = pattern.endswith(b"/")
    pattern = pattern[:-1] if folders_only else pattern
    by_name = b"/" not in pattern
    expression = re.compile(_translated(pattern if by_name else pattern.removeprefix(b"/")), re.DOTALL)
    return Rule(expression, negated, folders_only, by_name) if pattern else None


def _trimmed(line: bytes) -> bytes:
    """Without the spaces at its end, unless the first of them is escaped."""
    end, at = len(line), 0
    while at < len(line):
        if line[at : at + 1] == b" ":
            end = min(end, at)
            at += 1
        else:
            at += 2 if line[at : at + 1] == b"\\" else 1
            end = len(line)
    return line[:end]


def _translated(pattern: bytes) -> bytes:
    start = found.start() if (found := _SPECIAL.search(pattern)) else len(pattern)
    # git compares the plain beginning apart, so that two stars right after it count as two stars at the start.
    return re.escape(pattern[:start]) + b"".join(_pieces(pattern[start:]))


def _pieces(pattern: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(pattern):
        letter = pattern[at : at + 1]
        if letter == b"*":
            piece, at = _stars(pattern, at)
        elif letter == b"[":
            piece, at = _bracket(pattern, at + 1)
        elif letter == b"\\":
            piece, at = (re.escape(pattern[at + 1 : at + 2]) or _NOTHING), at + 2
        else:
            piece, at = (b"[^/]" if letter == b"?" else re.escape(letter)), at + 1
        yield piece


def _stars(pattern: bytes, at: int) -> tuple[bytes, int]:
    end = at
    while pattern[end : end + 1] == b"*":
        end += 1
    alone = (at == 0 or pattern[at - 1 : at] == b"/") and pattern[end : end + 1] in (b"", b"/")
    if end - at == 1 or not alone:
        return b"[^/]*", end
    if end == len(pattern):
        return b".*", end
    return b"(?:.*/)?", end + 1


def _bracket(pattern: bytes, at: int) -> tuple[bytes, int]:
    """The expression of a bracket that opened before `at`; one that never closes matches nothing."""
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    first, inside = True, b""
    while first or pattern[at : at + 1] != b"]":
        if at >= len(pattern):
            return _NOTHING, at
        first = False
        named = re.compile(rb"\[:([^]]*?):\]").match(pattern, at)
        if named:
            if named[1] not in _CLASSES:
                return _NOTHING, len(pattern)
            inside, at = inside + _CLASSES[named[1]], named.end()
            continue
        low, at = _member(pattern, at)
        high = low
        if pattern[at : at + 1] == b"-" and pattern[at + 1 : at + 2] not in (b"", b"]"):
            high, at = _member(pattern, at + 1)
        inside += b"".join(b"\\x%02x" % letter for letter in low)
        if low and high and low <= high:
            inside += b"\\x%02x-\\x%02x" % (low[0], high[0])
    body = b"[^%b]" % inside if negated and inside else b"[%b]" % inside if inside else b"." if negated else _NOTHING
    return b"(?!/)" + body, at + 1


def _member(pattern: bytes, at: int) -> tuple[bytes, int]:
    at += pattern[at : at + 1] == b"\\"
    return pattern[at : at + 1], at + 1
