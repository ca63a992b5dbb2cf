"""Exact search: lines that a regular expression matches, every one, and never for ever."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from savant import clock
from savant.errors import ErrorCode, SavantError

SECONDS = 20.0
# What sees the lines around, or gives nothing back, may match in a line where it does not match in the whole text.
_LOOKS = re.compile(r"\(\?[=!<>(]|\\[AZzGK]|[+*?}]\+")
# To `regex` an `{e}` is a match with errors in it; in an expression of Python's, and in code, it is three letters.
_BRACES = re.compile(r"(\\(?:[pPNL][{<][^}>]*[}>]|.)|\{\d+(?:,\d*)?\}|\{,\d+\}|\{,\})|\{", re.DOTALL)
_MIN_LITERAL = 3


class Found(NamedTuple):
    """A line (from 1) that matches, and the [start, end) columns of what matched in it."""

    number: int
    marks: list[tuple[int, int]]


class Expression:
    """A compiled expression; raises VALIDATION_ERROR for one that cannot be read."""

    def __init__(self, pattern: str) -> None:
        import regex

        self.pattern = pattern
        self._deadline = clock.monotonic() + SECONDS
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exact = _BRACES.sub(lambda found: found[1] or r"\{", pattern)
                self._lines: Any = regex.compile(exact, regex.VERSION0)
                self._whole: Any = regex.compile(exact, regex.VERSION0 | regex.MULTILINE)
        except regex.error as error:
            raise SavantError(
                ErrorCode.VALIDATION,
                f"The expression `{pattern}` cannot be read: {error}.",
                hint="It is a Python regular expression; to search for words, leave out --regex.",
            ) from None
        self._skips = _LOOKS.search(pattern) is None
        self.literal = literal(pattern)

    def lines(self, text: str) -> Iterator[Found]:
        """The lines of a text that match, in order; raises TIMEOUT when all of them together take too long."""
        import regex

        try:
            if self._skips and "\r" not in text and not self._whole.search(text, timeout=self._left()):
                return
            for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], 1):
                plain = line.removesuffix("\r")
                marks = [found.span() for found in self._lines.finditer(plain, timeout=self._left())]
                if marks:
                    yield Found(number, marks)
        except TimeoutError:
            raise SavantError(
                ErrorCode.TIMEOUT,
                f"The expression `{self.pattern}` took longer than {SECONDS:.0f} seconds.",
                hint="Repetitions within repetitions, as in `(a+)+`, can take for ever; write it without.",
            ) from None
        except regex.error as error:
            raise SavantError(ErrorCode.VALIDATION, f"The expression cannot be searched for: {error}.") from None

    def _left(self) -> float:
        return max(self._deadline - clock.monotonic(), 0.001)


def literal(pattern: str) -> str:
    """The longest text that every match must have in it, as it stands; empty where none is long enough."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser = re._parser  # type: ignore[attr-defined]  # pyright: ignore
            parsed: Any = parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return ""
    # `[[:digit:]]` is one class to `regex`, a class and a bracket to `re`.
    if parsed.state.flags & re.IGNORECASE or "(?" in pattern or "[:" in pattern:
        return ""
    runs, run = [""], ""
    for operation, argument in parsed:
        run = run + chr(argument) if str(operation) == "LITERAL" else ""
        runs.append(run)
    longest = max(runs, key=len)
    return longest if len(longest) >= _MIN_LITERAL else ""
